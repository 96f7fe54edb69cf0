// SPDX-License-Identifier: Apache-2.0
// What `lockstep data filter` keeps: the rejection rules of DeepSeek-R1, sections 2.3.1 and 2.3.3 (arXiv:2501.12948v1) - correct,
// readable, one language, no long paragraphs, no code blocks in the chain of thought.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "rewards/language.h"
#include "rewards/registry.h"

namespace lockstep::rewards::data {

struct FilterConfig {
  bool require_end = false;
  std::optional<double> min_reward = {};
  std::string reward_column = "reward";
  std::vector<RewardConfig> rewards = {};
  double min_score = 1;
  std::string language = "";
  double min_language_share = 0.95;
  int64_t min_language_words = 20;
  std::optional<double> max_repeated_share = {};
  int64_t repetition_ngram = 10;
  int64_t max_paragraph_words = 0;
  bool refuse_code = false;
  int64_t min_words = 0;
  int64_t max_words = 0;
  int64_t max_characters = 0;
  std::string format = "";
  int64_t max_per_prompt = 0;
  std::string choice = "first";
  std::string balance_by = "";
  int64_t max_per_class = 0;
  uint64_t seed = 0;

  void visit(auto&& field) {
    field("require_end", require_end, "drop completions that the length limit cut off (finish_reason, is_terminated)");
    field("min_reward", min_reward, "drop rows whose recorded reward is lower, or missing");
    field("reward_column", reward_column, "where the reward is recorded");
    field("rewards", rewards, "rewards to score each row with, as in a run config");
    field("min_score", min_score, "drop rows whose weighted sum of `rewards` is lower, or that cannot be scored");
    field("language", language, "of the chain: a code, or prompt for that of the prompt where it can be told; empty: any",
          base::one_of(filter_languages()));
    field("min_language_share", min_language_share, "share of the chain's words in `language`", base::between(0, 1));
    field("min_language_words", min_language_words, "shorter chains are not judged", base::at_least(1));
    field("max_repeated_share", max_repeated_share, "drop completions with a larger share of repeated n-grams", base::between(0, 1));
    field("repetition_ngram", repetition_ngram, "words of such an n-gram", base::between(1, 1000));
    field("max_paragraph_words", max_paragraph_words, "of the chain, between blank lines; 0: no limit", base::at_least(0));
    field("refuse_code", refuse_code, "drop chains with a ``` block");
    field("min_words", min_words, "of the completion", base::at_least(0));
    field("max_words", max_words, "of the completion; 0: no limit", base::at_least(0));
    field("max_characters", max_characters, "of the completion; 0: no limit", base::at_least(0));
    field("format", format, "preset of the reward `format` that must give its full value; empty: any form",
          base::one_of({"", "r1", "tiny", "open_r1", "trl", "logic_rl", "tag_count"}));
    field("max_per_prompt", max_per_prompt, "completions kept of one prompt; 0: all", base::at_least(0));
    field("choice", choice, "which: the first, the shortest, random ones, or a spread from the shortest to the longest",
          base::one_of({"first", "shortest", "random", "spread"}));
    field("balance_by", balance_by, "a column whose values shall be equally frequent; empty: none");
    field("max_per_class", max_per_class, "rows of each of its values; 0: as many as the rarest has", base::at_least(0));
    field("seed", seed, "of random choices");
  }

  static std::vector<std::string> filter_languages() {
    std::vector<std::string> codes = language_codes();
    codes.insert(codes.begin(), {"", "prompt"});
    return codes;
  }
};

}  // namespace lockstep::rewards::data
