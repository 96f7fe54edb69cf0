// SPDX-License-Identifier: Apache-2.0
// Accuracy by text: the exact answer, a pattern, a letter of a multiple choice.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rewards/builtin.h"

namespace re2 {
class RE2;
}

namespace lockstep::rewards {

// Where the answer stands and what it is compared with; shared by the three rewards.
struct TextSource {
  std::vector<std::string> sources = {"answer_tag", "boxed", "final_answer"};
  std::string think_open_in_prompt = "auto";
  std::string column = "answer";
  std::string gold_marker = "####";
  void visit(auto&& field) {
    field("sources", sources, "where the final answer may stand, tried in this order; whole: all of the text",
          base::one_of({"answer_tag", "boxed", "final_answer", "hashes", "last_formula", "last_number", "whole"}));
    field("think_open_in_prompt", think_open_in_prompt,
          "the prompt has opened <think>, so that an answer needs </think> first; auto: see whether the prompt ends so",
          base::one_of({"auto", "yes", "no"}));
    field("column", column, "the column that holds the gold answer");
    field("gold_marker", gold_marker,
          "the gold answer is what follows the last of these (GSM8K); empty: the whole column");
  }
};

struct AccuracyExactConfig {
  TextSource source = {};
  bool ignore_case = false;
  bool ignore_space = true;
  void visit(auto&& field) {
    field("source", source, "the answer and the gold answer");
    field("ignore_case", ignore_case, "upper and lower case are equal (ASCII)");
    field("ignore_space", ignore_space, "white space counts as one space, and not at the ends");
  }
};

// 1 when the answer is the gold answer, byte for byte but for the options. skip without a gold answer. Metric has_answer.
class AccuracyExact final : public NamedReward {
 public:
  AccuracyExact(std::string name, AccuracyExactConfig config) : NamedReward(std::move(name)), config_(std::move(config)) {}
  Score score(const Sample& sample) const override;
  std::optional<std::string> row_problem(const base::Json& row) const override;

 private:
  AccuracyExactConfig config_;
};

struct AccuracyRegexConfig {
  std::string pattern = "(?i)answer\\s*:\\s*([^\\n]+)";
  std::string compare = "math";
  std::string think_open_in_prompt = "auto";
  std::string column = "answer";
  std::string gold_marker = "####";
  void visit(auto&& field) {
    field("pattern", pattern, "RE2; the first group of its last match is the answer, the whole match without a group");
    field("compare", compare,
          "math: as accuracy_math does; text: white space apart; pattern: the gold answer is a pattern that the whole "
          "answer must match",
          base::one_of({"math", "text", "pattern"}));
    field("think_open_in_prompt", think_open_in_prompt,
          "the prompt has opened <think>, so that an answer needs </think> first; auto: see whether the prompt ends so",
          base::one_of({"auto", "yes", "no"}));
    field("column", column, "the column that holds the gold answer");
    field("gold_marker", gold_marker, "the gold answer is what follows the last of these; empty: the whole column");
  }
};

// 1 when what the pattern finds equals (or matches) the gold answer. RE2 is linear in the text, whatever the pattern.
class AccuracyRegex final : public NamedReward {
 public:
  // Error (at `where`) when the pattern does not compile or is longer than 1 KiB.
  AccuracyRegex(std::string name, AccuracyRegexConfig config, const std::string& where);
  ~AccuracyRegex() override;
  Score score(const Sample& sample) const override;
  std::optional<std::string> row_problem(const base::Json& row) const override;

 private:
  AccuracyRegexConfig config_;
  std::unique_ptr<re2::RE2> pattern_;
};

struct AccuracyChoiceConfig {
  TextSource source = {};
  std::string gold_index = "none";
  void visit(auto&& field) {
    field("source", source, "the answer and the gold answer");
    field("gold_index", gold_index, "the gold answer may be a number: from 0 (0 is A), from 1, or none: a letter",
          base::one_of({"none", "from_0", "from_1"}));
  }
};

// 1 when the answer names the gold choice, A to J: "B", "(b)", "B. Paris", "Option B". Two letters are no answer.
class AccuracyChoice final : public NamedReward {
 public:
  AccuracyChoice(std::string name, AccuracyChoiceConfig config) : NamedReward(std::move(name)), config_(std::move(config)) {}
  Score score(const Sample& sample) const override;
  std::optional<std::string> row_problem(const base::Json& row) const override;

 private:
  struct Gold {
    std::optional<char> letter;
    std::string problem;
  };
  Gold gold_of(const base::Json& row) const;

  AccuracyChoiceConfig config_;
};

}  // namespace lockstep::rewards
