// SPDX-License-Identifier: Apache-2.0
// How much of a text is in one language: by script, and by stop words among the languages that share a script.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "rewards/builtin.h"

namespace lockstep::rewards {

// The codes that `language` takes: en, de, ..., zh, ja.
std::vector<std::string> language_codes();

struct LanguageShare {
  double num_words = 0;      // what counts as words, see below
  double share = 0;          // of them in the target language; 0 when there are none
  int64_t num_stop_words = 0;  // that decided between languages of one script
};

// Words are runs of letters of one script; a Han or kana character counts as 1/1.5 of a word, since Chinese and Japanese set
// no spaces. Left out: LaTeX ($..$, \[..\], \(..\), \commands), code (```..```, `..`), URLs, tags <..>, numbers, words with
// digits in them, single Latin letters (variables). Han belongs to Japanese in a sentence with kana, to Chinese otherwise.
// Among the languages of one script the words are divided as their stop words are, of which only those count that a single
// language has: the target's against the others'. With fewer than 3 of them all words are the target's.
LanguageShare language_share(std::string_view text, const std::string& language);

// The language that most of the text is in: by script, then by the stop words that a single language has. "" without words, and
// for a script of several languages with fewer than 3 such words. One pass, unlike asking for each share.
std::string guess_language(std::string_view text);

// What stands in <think>..</think>, or before </think>; without these tags all of it.
std::string_view thought_of(std::string_view completion);

// One language: not more than one word in fifty is of another. Names and terms of art take that much, a switch takes more.
inline constexpr double kOneLanguageShare = 0.98;

struct LanguageConfig {
  std::string language = "en";
  std::string column = "language";
  std::string part = "think";
  int min_words = 20;
  void visit(auto&& field) {
    field("language", language,
          "the target: a code; prompt: that of the prompt, where it can be told (tags, numbers and a few words cannot); column: the "
          "row's",
          base::one_of(language_targets()));
    field("column", column, "the column that holds a row's language as a code, where the target is column");
    field("part", part, "think: what stands in <think>..</think>, or before </think>; without these tags, and for "
          "completion, all of it",
          base::one_of({"think", "completion"}));
    field("min_words", min_words, "below this many words the sample is skipped", base::at_least(1));
  }

  static std::vector<std::string> language_targets() {
    std::vector<std::string> targets = language_codes();
    targets.insert(targets.end(), {"prompt", "column"});
    return targets;
  }
};

// DeepSeek-R1, section 2.3.2 (arXiv:2501.12948v1): the share of words of the chain of thought in the target language, 0 to 1. skip
// below min_words, where a share says little, and where the target is not known. Metrics `words`, and of what is scored
// `is_one_language`: 1 when the share is at least kOneLanguageShare; its mean is the share of chains in one language.
class Language final : public NamedReward {
 public:
  Language(std::string name, LanguageConfig config) : NamedReward(std::move(name)), config_(std::move(config)) {}
  Score score(const Sample& sample) const override;
  std::optional<std::string> row_problem(const base::Json& row) const override;

 private:
  LanguageConfig config_;
};

}  // namespace lockstep::rewards
