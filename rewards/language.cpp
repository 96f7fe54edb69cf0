// SPDX-License-Identifier: Apache-2.0
// Languages with their scripts and stop words, and the share of one of them.
#include "rewards/language.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "rewards/plain_words.h"

namespace lockstep::rewards {
namespace {

struct LanguageFacts {
  std::string_view code;
  Script script;
  std::string_view stop_words;  // of languages that share their script with others; lower case
};

constexpr std::array<LanguageFacts, 19> kLanguages = {{
    {"en", Script::latin,
     "the of and to is in that it for we you are this be with as on have so if then can not but which what there their they from "
     "was were has had will would should since because where when how let our by or an each now first next need"},
    {"de", Script::latin,
     "der die das und ist ein eine einen einem nicht zu wir sie es den dem des mit auf für als auch sich von im dass wenn dann also "
     "werden wird kann haben hat sind aber oder wie noch nur durch bei aus nach muss jetzt zuerst"},
    {"fr", Script::latin,
     "le la les de des du et est un une que qui dans pour nous vous il elle ce cette sur pas ne avec par au aux sont donc mais ou "
     "où si on plus comme alors être avons peut car leur ses aussi"},
    {"es", Script::latin,
     "el la los las de del y es un una que en por para con no se lo como más pero su sus al esto este esta son entonces si cuando "
     "donde tenemos hay ser puede también porque qué cada ahora primero"},
    {"it", Script::latin,
     "il lo la i gli le di del della dei e è un una che in per con non si come più ma questo questa sono quindi se quando dove "
     "abbiamo può anche perché ogni ora nel nella al alla dal essere"},
    {"pt", Script::latin,
     "o a os as de do da dos das e é um uma que em no na para com não se por mais mas como isso este esta são então quando onde "
     "temos pode também porque cada agora primeiro ser ao pelo pela"},
    {"nl", Script::latin,
     "de het een en is van in dat niet te we wij zijn op met voor als ook aan er maar om dan dus kan hebben heeft wordt worden deze "
     "dit die of was had naar bij nog door moet elk nu eerst uit"},
    {"pl", Script::latin,
     "i w z na do nie się to że jest o jak ale po co tak za od przez dla więc czy być są mamy może lub oraz który która które ten ta "
     "tego tym gdy jeśli teraz każdy"},
    {"tr", Script::latin,
     "ve bir bu da de için ile ne olarak çok daha var olan gibi ise ama o her şu mi mı kadar sonra değil veya biz ben eğer olduğu "
     "yani şimdi önce"},
    {"vi", Script::latin,
     "và là của có không được cho một các trong với để này khi đó thì từ ta chúng như nếu vì vậy những đã sẽ phải cũng mỗi bước"},
    {"ru", Script::cyrillic,
     "и в не на что я с как это по но из у за мы так же для от он она они все бы если то или когда где есть был было быть можно "
     "нужно тогда теперь каждый который"},
    {"uk", Script::cyrillic,
     "і в не на що я з як це по але із у за ми так же для від він вона вони все би якщо то або коли де є був було бути можна треба "
     "тоді тепер кожен який та"},
    {"zh", Script::han, ""},
    {"ja", Script::kana, ""},
    {"ko", Script::hangul, ""},
    {"ar", Script::arabic, ""},
    {"he", Script::hebrew, ""},
    {"el", Script::greek, ""},
    {"hi", Script::devanagari, ""},
}};

constexpr double kWordsPerCharacter = 1 / 1.5;  // of scripts without spaces
constexpr int64_t kLeastStopWords = 3;

using StopWords = std::set<std::u32string>;

StopWords stop_words_of(const LanguageFacts& facts) {
  StopWords words;
  for (const std::string& word : base::split(std::string(facts.stop_words), ' ')) words.insert(base::decode_utf8(word));
  return words;
}

// Words that only the target, or only one other language of its script, has: what several share tells nothing.
struct Rivals {
  StopWords own, others;
};

Rivals make_rivals(const LanguageFacts& target) {
  std::map<std::u32string, int> num_languages;
  for (const LanguageFacts& facts : kLanguages) {
    if (facts.script != target.script) continue;
    for (const std::u32string& word : stop_words_of(facts)) ++num_languages[word];
  }
  const StopWords own = stop_words_of(target);
  Rivals rivals;
  for (const auto& [word, count] : num_languages) {
    if (count == 1) (own.contains(word) ? rivals.own : rivals.others).insert(word);
  }
  return rivals;
}

auto find_language(const std::string& language) {
  return std::find_if(kLanguages.begin(), kLanguages.end(), [&](const auto& facts) { return facts.code == language; });
}

bool is_language_code(const std::string& code) { return find_language(code) != kLanguages.end(); }

const LanguageFacts& facts_of(const std::string& language) {
  const auto found = find_language(language);
  if (found == kLanguages.end()) {
    throw Error(cat("unknown language \"", base::printable(language), "\""), "language", cat("use one of: ", base::join(language_codes(), ", ")));
  }
  return *found;
}

const Rivals& rivals_of(const LanguageFacts& target) {
  static const std::array<Rivals, kLanguages.size()> kAll = [] {
    std::array<Rivals, kLanguages.size()> all;
    for (size_t i = 0; i < all.size(); ++i) all[i] = make_rivals(kLanguages[i]);
    return all;
  }();
  return kAll[static_cast<size_t>(&target - kLanguages.data())];
}

double weight_of(Script script) {
  const bool has_spaces = script != Script::han && script != Script::kana;
  return has_spaces ? 1 : kWordsPerCharacter;
}

}  // namespace

std::vector<std::string> language_codes() {
  std::vector<std::string> codes;
  for (const LanguageFacts& facts : kLanguages) codes.emplace_back(facts.code);
  return codes;
}

std::string guess_language(std::string_view text) {
  static const std::map<std::u32string, size_t> kOwner = [] {  // words that one language alone has
    std::map<std::u32string, size_t> owner;
    for (size_t i = 0; i < kLanguages.size(); ++i) {
      for (const std::u32string& word : rivals_of(kLanguages[i]).own) owner.emplace(word, i);
    }
    return owner;
  }();
  std::map<Script, double> weights;
  std::array<int64_t, kLanguages.size()> votes{};
  for (const PlainWord& word : plain_words(text)) {
    weights[word.script] += weight_of(word.script);
    if (const auto found = kOwner.find(word.letters); found != kOwner.end()) ++votes[found->second];
  }
  // Japanese mixes kana with Han: a fifth of kana tells it from Chinese.
  if (weights[Script::kana] > 0.2 * weights[Script::han]) weights[Script::kana] += weights[Script::han];
  const auto most = std::max_element(weights.begin(), weights.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most->second == 0) return "";
  const LanguageFacts* best = nullptr;
  for (size_t i = 0; i < kLanguages.size(); ++i) {
    if (kLanguages[i].script != most->first) continue;
    if (kLanguages[i].stop_words.empty()) return std::string(kLanguages[i].code);
    if (votes[i] >= kLeastStopWords && (best == nullptr || votes[i] > votes[static_cast<size_t>(best - kLanguages.data())])) {
      best = &kLanguages[i];
    }
  }
  return best == nullptr ? "" : std::string(best->code);
}

std::string_view thought_of(std::string_view completion) {
  const size_t open = completion.find("<think>");
  const size_t begin = open == std::string_view::npos ? 0 : open + 7;
  return completion.substr(begin, completion.find("</think>", begin) - begin);
}

LanguageShare language_share(std::string_view text, const std::string& language) {
  const LanguageFacts& target = facts_of(language);
  const Rivals& rivals = rivals_of(target);
  const std::vector<PlainWord> words = plain_words(text);
  std::set<size_t> japanese;  // sentences with kana
  for (const PlainWord& word : words) {
    if (word.script == Script::kana) japanese.insert(word.sentence);
  }
  LanguageShare result;
  double in_script = 0;
  int64_t own = 0, others = 0;
  for (const PlainWord& word : words) {
    const bool is_kanji = word.script == Script::han && japanese.contains(word.sentence);
    const Script script = is_kanji ? Script::kana : word.script;
    result.num_words += weight_of(word.script);
    if (script != target.script) continue;
    in_script += weight_of(word.script);
    own += rivals.own.contains(word.letters) ? 1 : 0;
    others += rivals.others.contains(word.letters) ? 1 : 0;
  }
  if (result.num_words == 0) return result;
  result.num_stop_words = own + others;
  const double own_share =
      result.num_stop_words < kLeastStopWords ? 1 : static_cast<double>(own) / static_cast<double>(result.num_stop_words);
  result.share = in_script * own_share / result.num_words;
  return result;
}

// Of a row: only the column may be missing, or hold no code. Of a prompt: only a guess may fail.
std::optional<std::string> Language::row_problem(const base::Json& row) const {
  if (config_.language != "column") return std::nullopt;
  const auto found = row.find(config_.column);
  if (found == row.end() || !found->is_string()) return cat("the row has no text \"", base::printable(config_.column), "\"");
  const std::string code = found->get<std::string>();
  if (is_language_code(code)) return std::nullopt;
  return cat("the column \"", base::printable(config_.column), "\" holds no language: ", base::printable(code.substr(0, 60)));
}

Score Language::score(const Sample& sample) const {
  const auto skipped = [](std::string why) { return Score{.status = Status::skip, .detail = std::move(why)}; };
  std::string target = config_.language;
  if (target == "column") {
    static const base::Json kNoColumns = base::Json::object();
    const base::Json& row = sample.columns == nullptr ? kNoColumns : *sample.columns;
    if (auto problem = row_problem(row)) return skipped(*std::move(problem));
    target = row[config_.column].get<std::string>();
  } else if (target == "prompt") {
    target = guess_language(sample.prompt);
    if (target.empty()) return skipped("the language of the prompt cannot be told");
  }
  const std::string_view text = config_.part == "think" ? thought_of(sample.completion) : sample.completion;
  const LanguageShare found = language_share(text, target);
  Score score;
  score.metrics["words"] = found.num_words;
  if (found.num_words < config_.min_words) {
    score.status = Status::skip;
    score.detail = cat(base::fixed(found.num_words, 1), " words, below ", config_.min_words);
    return score;
  }
  score.value = found.share;
  score.metrics["is_one_language"] = found.share >= kOneLanguageShare ? 1 : 0;
  return score;
}

}  // namespace lockstep::rewards
