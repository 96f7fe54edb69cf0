// SPDX-License-Identifier: Apache-2.0
// The corpus and chain_sum in two languages, judged from the texts alone by the reward that shall cure the mixing.
#include <doctest/doctest.h>
#include <re2/re2.h>

#include <cmath>
#include <set>

#include "base/text.h"
#include "rewards/language.h"
#include "rewards/tasks/chain_text.h"
#include "rewards/tasks/corpus.h"
#include "rewards/tasks/task.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards {
namespace {

using base::Json;

constexpr int kDocuments = 10000;

CorpusOptions bilingual(double mixing) { return {.mix = "B", .languages = {"en", "zh"}, .language_mixing = mixing}; }

// Of a sum; random words (texttag) are no language that stop words could tell.
struct Parts {
  std::string prompt, response;
};
std::optional<Parts> dialogue_parts(const std::string& text) {
  Parts parts;
  if (!RE2::FullMatch(text, "((?:User|用户): [0-9+]+=\\?\n(?:Assistant|助手):)(.*)", &parts.prompt, &parts.response)) return std::nullopt;
  return parts;
}

std::string prompt_code(const Parts& parts) { return parts.prompt.starts_with("User") ? "en" : "zh"; }

void check_share(const char* what, double hits, double trials, double expected) {
  const double deviation = std::sqrt(expected * (1 - expected) / trials);
  CHECK_MESSAGE(std::abs(hits / trials - expected) <= 3 * deviation + 1e-12, what, ": ", hits / trials, " of ", trials);
}

// Text without words, spaces and separators: numbers, signs and tags.
std::string bones(std::string text) {
  RE2::GlobalReplace(&text, "User|Assistant|maybe|wait|first|then|so|So|用户|助手|可能|等等|先|再|所以|[ ,.]", "");
  return text;
}

const Chain kChain = {.guess = 18, .steps = {{"2+6=8"}, {"8+2=10", "8+2=9"}}, .result = 10};

}  // namespace

TEST_CASE("chain_text: terse, worded in either language, and changing at every place") {
  CHECK(terse_chain(kChain, true) == "maybe 18 wait 2+6=8,8+2=9 wait 8+2=10. So 10");
  CHECK(terse_chain({.guess = 5}, false) == "maybe 5");
  const WordedChain english = worded_chain(kChain, true, Tongue::english, Tongue::english, 0);
  CHECK(english.text == "maybe 18 wait first 2+6=8 then 8+2=9 wait 8+2=10 so 10");
  CHECK(english.num_words == 6);
  CHECK(worded_chain(kChain, true, Tongue::chinese, Tongue::chinese, 0).text == "可能 18 等等 先 2+6=8 再 8+2=9 等等 8+2=10 所以 10");
  CHECK(worded_chain(kChain, false, Tongue::english, Tongue::chinese, 3).text == "maybe 18 wait first 2+6=8 再 8+2=9 等等 8+2=10");
  CHECK(worded_chain({.guess = 5}, false, Tongue::english, Tongue::english, 0).text == "maybe 5");
  double last = 1;
  for (int place = 6; place >= 0; --place) {
    const double share = language_share(worded_chain(kChain, true, Tongue::english, Tongue::chinese, place).text, "en").share;
    CHECK(share == doctest::Approx(last));
    CHECK((place == 6) == (share == 1));
    if (place > 0) last = language_share(worded_chain(kChain, true, Tongue::english, Tongue::chinese, place - 1).text, "en").share;
    CHECK(last <= share);
  }
}

TEST_CASE("corpus: the share of responses that leave the language of their prompt is the option, over 10,000 documents") {
  for (const double mixing : {0.0, 0.1, 0.4, 1.0}) {
    CAPTURE(mixing);
    int num_with_words = 0, num_mixed = 0, num_inside = 0, num_chinese = 0, num_prompts = 0;
    for (uint64_t index = 0; index < kDocuments; ++index) {
      const auto parts = dialogue_parts(corpus_document(bilingual(mixing), 8, index));
      if (!parts) continue;
      ++num_prompts;
      num_chinese += prompt_code(*parts) == "zh" ? 1 : 0;
      const LanguageShare found = language_share(parts->response, prompt_code(*parts));
      if (found.num_words == 0) continue;
      ++num_with_words;
      num_mixed += found.share < kOneLanguageShare ? 1 : 0;
      num_inside += found.share > 0 && found.share < 1 ? 1 : 0;
    }
    check_share("mixed responses", num_mixed, num_with_words, mixing);
    check_share("Chinese prompts", num_chinese, num_prompts, 0.5);
    CHECK((num_inside > num_mixed / 4) == (mixing > 0));
    CHECK(num_inside < num_mixed * 0.55 + 1);
  }
}

TEST_CASE("corpus: languages and mixing change words only, never a sum, a guess, an error or the form") {
  int num_sums = 0;
  for (uint64_t index = 0; index < 3000; ++index) {
    const std::string form = corpus_form(bilingual(0), 2, index);
    CHECK(form == corpus_form({.mix = "B"}, 2, index));
    if (form == "text" || form == "texttag") continue;
    const std::string one = bones(corpus_document(bilingual(0), 2, index)), mixed = bones(corpus_document(bilingual(0.7), 2, index));
    CHECK(one == mixed);
    const std::string terse = bones(corpus_document({.mix = "B"}, 2, index));
    // Chains in tags conclude ("so 18") where words are asked for; elsewhere the numbers are the same, too.
    if (form != "tagguess" && form != "tagsteps") CHECK(one == terse);
    ++num_sums;
  }
  CHECK(num_sums > 2000);
}

TEST_CASE("corpus: a chain has words enough to be judged, and Chinese needs few characters") {
  std::set<char32_t> characters;
  int num_chains = 0;
  for (uint64_t index = 0; index < 4000; ++index) {
    const std::string text = corpus_document(bilingual(0.5), 3, index), form = corpus_form(bilingual(0.5), 3, index);
    for (const char32_t c : base::decode_utf8(text)) {
      if (c >= 0x80) characters.insert(c);
    }
    if (form != "tagguess" && form != "worked") continue;
    ++num_chains;
    CHECK(language_share(dialogue_parts(text)->response, "en").num_words >= 3);
  }
  CHECK(num_chains > 500);
  CHECK(characters.size() >= 15);
  CHECK(characters.size() <= 24);
}

TEST_CASE("corpus: one language alone, worded; follow and mixing leave the other documents as they were") {
  for (uint64_t index = 0; index < 500; ++index) {
    for (const char c : corpus_document({.languages = {"en"}}, 0, index)) CHECK((c == '\n' || (c >= ' ' && c <= '~')));
    if (corpus_form({.follow_share = 0.2}, 0, index) == "follow") continue;
    CHECK(corpus_document({.follow_share = 0.2}, 0, index) == corpus_document({}, 0, index));
  }
  int num_follow = 0;
  for (uint64_t index = 0; index < kDocuments; ++index) num_follow += corpus_form({.follow_share = 0.2}, 0, index) == "follow" ? 1 : 0;
  check_share("follow documents", num_follow, kDocuments, 0.2);
}

TEST_CASE("corpus: languages that make no sense are refused") {
  expect_error([] { corpus_document({.language_mixing = 0.1}, 0, 0); }, "language_mixing = 0.1 with fewer than two languages",
               "corpus: languages", "[\"en\", \"zh\"]");
  expect_error([] { corpus_document({.languages = {"en", "en"}, .language_mixing = 1}, 0, 0); }, "fewer than two languages",
               "corpus: languages", "language_mixing = 0");
  expect_error([] { for (uint64_t i = 0; i < 50; ++i) corpus_document({.languages = {"fr"}}, 0, i); }, "no words in the language \"fr\"",
               "tasks: language", "\"en\" or \"zh\"");
}

TEST_CASE("chain_sum: a language changes the wording and adds a column, never the problem") {
  const Json plain = Task("chain_sum").make(4, Split::train, 7);
  CHECK_FALSE(plain.contains("language"));
  for (const char* style : {"dialogue", "question"}) {
    for (uint64_t index = 0; index < 20; ++index) {
      const auto row = [&](const char* language) { return Task("chain_sum", {{"language", language}, {"style", style}}).make(4, Split::train, index); };
      const Json unset = row("unset"), english = row("en"), chinese = row("zh"), both = row("both");
      CHECK(english["prompt"] == unset["prompt"]);
      CHECK(english["language"] == "en");
      CHECK(chinese["language"] == "zh");
      CHECK(chinese["answer"] == english["answer"]);
      CHECK(both == (index % 2 == 0 ? english : chinese));
      const std::string prompt = chinese["prompt"].get<std::string>();
      CHECK(RE2::FullMatch(prompt, "用户: [1-9](\\+[1-9])+=\\?\n助手:|[1-9]( \\+ [1-9])+ 等于多少\\?"));
      CHECK(guess_language(prompt) == "zh");
    }
  }
  const Json boxed = Task("chain_sum", {{"language", "zh"}, {"style", "question"}, {"instruction", "boxed"}}).make(4, Split::train, 0);
  CHECK(boxed["prompt"].get<std::string>().find("等于多少? 请把最终答案写在 \\boxed{} 中。") != std::string::npos);
  const Json tagged = Task("chain_sum", {{"language", "zh"}, {"instruction", "answer_tag"}}).make(4, Split::train, 0);
  CHECK(tagged["prompt"].get<std::string>().find("请把最终答案写在 <answer> 和 </answer> 之间。\n助手:") != std::string::npos);
}

}  // namespace lockstep::rewards
