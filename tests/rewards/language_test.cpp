// SPDX-License-Identifier: Apache-2.0
// The language reward: texts of each language are in it, mixtures are in between, formulas and code are not counted.
#include "rewards/language.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>

#include "base/text.h"
#include "rewards/plain_words.h"
#include "tests/rewards/expect_error.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

using base::Json;

// About the same thought in each language; written for this test.
const std::map<std::string, const char*>& thoughts() {
  static const std::map<std::string, const char*> table = {
      {"en", "First we add the two numbers that stand on the left side, and then we divide the sum by three because there are "
             "three people who want to share it. Let me check if this is correct."},
      {"de", "Zuerst addieren wir die beiden Zahlen, die auf der linken Seite stehen, und dann teilen wir die Summe durch drei, weil "
             "es drei Personen gibt. Jetzt prüfe ich, ob das Ergebnis wirklich richtig ist."},
      {"fr", "Nous additionnons les deux nombres qui se trouvent à gauche, puis nous divisons la somme par trois, car il y a trois "
             "personnes qui veulent la partager. Je vérifie maintenant que le résultat est correct."},
      {"es", "Primero sumamos los dos números que están a la izquierda y luego dividimos la suma por tres porque hay tres personas que "
             "quieren compartir el dinero. Ahora vamos a comprobar si esto es correcto."},
      {"it", "Prima sommiamo i due numeri che si trovano a sinistra e poi dividiamo la somma per tre perché ci sono tre persone che "
             "vogliono dividere il denaro. Ora controllo se il risultato è giusto."},
      {"pt", "Primeiro somamos os dois números que estão à esquerda e depois dividimos a soma por três porque há três pessoas que querem "
             "dividir o dinheiro. Agora vamos verificar se isso está correto, pois não temos certeza."},
      {"nl", "Eerst tellen we de twee getallen op die aan de linkerkant staan en dan delen we de som door drie, omdat er drie mensen "
             "zijn die het willen delen. Nu controleer ik of dit goed is."},
      {"ru", "Сначала мы складываем два числа, которые стоят слева, а потом делим сумму на три, потому что есть три человека, "
             "которые хотят это разделить. Теперь нужно проверить, так ли это на самом деле."},
      {"uk", "Спочатку ми додаємо два числа, які стоять ліворуч, а потім ділимо суму на три, тому що є три людини, які хочуть це "
             "розділити. Тепер треба перевірити, чи це справді так, як ми думали."},
      {"zh", "首先我们把左边的两个数字加起来，然后把总和除以三，因为有三个人想要平分。现在我来检查一下这个结果是否正确。"},
      {"ja", "まず左側にある二つの数を足して、それから合計を三で割ります。三人で分けたいからです。では、この結果が正しいかどうか確認してみましょう。"},
      {"ko", "먼저 왼쪽에 있는 두 수를 더한 다음 그 합을 셋으로 나눕니다. 왜냐하면 세 사람이 나누어 가지려고 하기 때문입니다. 이제 이 결과가 맞는지 "
             "확인해 보겠습니다. 그러면 우리는 답을 찾을 수 있습니다. 아주 간단한 문제입니다."},
      {"ar", "أولا نجمع العددين الموجودين على اليسار ثم نقسم المجموع على ثلاثة لأن هناك ثلاثة أشخاص يريدون تقاسم المبلغ. الآن نتحقق من أن "
             "النتيجة صحيحة تماما."},
      {"el", "Πρώτα προσθέτουμε τους δύο αριθμούς που βρίσκονται αριστερά και μετά διαιρούμε το άθροισμα με το τρία, γιατί υπάρχουν τρεις "
             "άνθρωποι που θέλουν να το μοιραστούν. Τώρα ελέγχω αν αυτό είναι σωστό."},
  };
  return table;
}

}  // namespace

TEST_CASE("language: a thought is in its own language and in no other") {
  for (const auto& [written, text] : thoughts()) {
    for (const auto& [asked, unused] : thoughts()) {
      const LanguageShare found = language_share(text, asked);
      CAPTURE(written);
      CAPTURE(asked);
      CHECK(found.num_words >= 20);
      if (written == asked) {
        CHECK(found.share >= 0.85);
      } else {
        CHECK(found.share <= 0.25);
      }
    }
  }
}

TEST_CASE("language: the share of a mixture lies between its parts, and more of a language is never less of it") {
  const std::string english = thoughts().at("en"), chinese = thoughts().at("zh"), german = thoughts().at("de");
  for (const std::string& other : {chinese, german}) {
    double last = 0;
    std::string text = other;
    for (int i = 0; i < 5; ++i) {
      text += "\n" + english;
      const double share = language_share(text, "en").share;
      CHECK(share > last);
      CHECK(share < 1);
      last = share;
    }
  }
}

TEST_CASE("language: formulas, code, links, tags and variables are not words of any language") {
  for (const char* text : {"$x + \\text{und} = y$", "$$der$$", "\\[ das \\]", "\\( ist \\)", "```python\nprint(und)\n```", "`nicht`",
                           "https://beispiel.de/das/ist", "<think></think>", "x = 5, y = 12", "\\frac", "abc123", "3.14"}) {
    CHECK_MESSAGE(language_share(text, "en").num_words == 0, text);
  }
  CHECK(language_share("see `code` and the $x$ here", "en").num_words == 4);
  CHECK(language_share("it costs $5\nand that is all", "en").num_words == 6);
}

TEST_CASE("language: Han is Japanese beside kana and Chinese elsewhere, sentence by sentence") {
  CHECK(language_share("数字。", "zh").share == 1);
  CHECK(language_share("数字です。", "zh").share == 0);
  CHECK(language_share("数字です。", "ja").share == 1);
  CHECK(language_share("数字です。数字。", "zh").share == doctest::Approx(2.0 / 6));
}

TEST_CASE("language: the reward looks at the thought, and skips what is too short") {
  const Language reward("language", {.language = "de"});
  const std::string german = thoughts().at("de"), english = thoughts().at("en");
  CHECK(score_text(reward, cat("<think>", german, "</think>", english), gold("1")).value > 0.85);
  CHECK(score_text(reward, cat(german, "</think>", english), gold("1")).value > 0.85);
  CHECK(score_text(reward, cat("<think>", english, "</think>", german), gold("1")).value < 0.1);
  const Language whole("language", {.language = "de", .part = "completion"});
  const double mixed = score_text(whole, cat("<think>", english, "</think>", german), gold("1")).value;
  CHECK(mixed > 0.3);
  CHECK(mixed < 0.7);
  const Score skipped = score_text(reward, "<think>ja</think>", gold("1"));
  CHECK(skipped.status == Status::skip);
  CHECK(skipped.metrics.at("words") == 1);
}

TEST_CASE("language: the target may be the prompt's language or a column of the row") {
  const std::string german = thoughts().at("de"), chinese = thoughts().at("zh");
  const Language by_prompt("language", {.language = "prompt"}), by_column("language", {.language = "column", .min_words = 2});
  CHECK(score_text(by_prompt, german, gold("1"), german).value > 0.85);
  CHECK(score_text(by_prompt, german, gold("1"), chinese).value == 0);
  CHECK(score_text(by_prompt, chinese, gold("1"), chinese).value == 1);
  const Score unknown = score_text(by_prompt, german, gold("1"), "6+8=?");
  CHECK(unknown.status == Status::skip);
  CHECK(unknown.detail == "the language of the prompt cannot be told");
  const std::string english_chain = "first 2+5=7 then 7+1=8 so 8", chinese_chain = "先 2+5=7 再 7+1=8 所以 8";
  for (const std::string code : {"en", "zh"}) {
    const Json row = {{"language", code}};
    CHECK(score_text(by_column, english_chain, row).value == (code == "en" ? 1 : 0));
    CHECK(score_text(by_column, chinese_chain, row).value == (code == "zh" ? 1 : 0));
    CHECK(score_text(by_column, "first 2+5=7 再 7+1=8 so 8", row).value == doctest::Approx((code == "en" ? 2 : 2.0 / 3) / (2 + 2.0 / 3)));
  }
  CHECK(by_column.row_problem({{"language", "en"}}) == std::nullopt);
  CHECK(by_column.row_problem({{"answer", 1}}) == "the row has no text \"language\"");
  CHECK(by_column.row_problem({{"language", "xx"}}) == "the column \"language\" holds no language: xx");
  CHECK(score_text(by_column, english_chain, {{"language", "xx"}}).status == Status::skip);
  CHECK(by_column.score({.prompt = "", .completion = english_chain, .columns = nullptr}).status == Status::skip);
}

TEST_CASE("language: a chain is in one language when at most one word in fifty is of another; only scored chains say so") {
  const Language reward("language", {.language = "zh", .min_words = 2});
  const auto chain = [](int num_han, const std::string& more) {
    std::string text;
    for (int i = 0; i < num_han; ++i) text += "数";
    return text + more;
  };
  CHECK(score_text(reward, chain(150, " wait"), gold("1")).metrics.at("is_one_language") == 1);  // 1 word to 100
  CHECK(score_text(reward, chain(60, " wait"), gold("1")).metrics.at("is_one_language") == 0);   // 1 word to 40
  CHECK(score_text(reward, chain(9, ""), gold("1")).metrics.at("is_one_language") == 1);
  CHECK(score_text(reward, "wait", gold("1")).metrics.count("is_one_language") == 0);
}

TEST_CASE("language: upper case, accents and broken text") {
  const auto letters = [](const char* text) { return plain_words(text).at(0).letters; };
  CHECK(letters("ÉTÉ") == letters("été"));
  CHECK(letters("ЁЛКА") == letters("ёлка"));
  CHECK(letters("ŻÓŁĆ") == letters("żółć"));
  CHECK(letters("ΣΟΦΟΣ") == U"σοφοσ");
  CHECK(plain_words("ab\xFF" "cd").size() == 2);
  CHECK_THROWS_AS(language_share("x", "xx"), Error);
  expect_error([] { language_share("x", "xx"); }, "unknown language \"xx\"", "language", "use one of: en, de");
}

TEST_CASE("language: hostile megabytes take a moment") {
  const auto start = std::chrono::steady_clock::now();
  for (const char* piece : {"<", "$", "`", "\\[", "$$", "<a ", "`\n", "\\", "http://", "a.", "\xE6\x95\xB0", "\xFF"}) {
    std::string text;
    while (text.size() < 1'000'000) text += piece;
    language_share(text, "en");
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

}  // namespace lockstep::rewards
