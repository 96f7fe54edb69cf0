// SPDX-License-Identifier: Apache-2.0
// The reward `accuracy_math`: extract the final answer, then decide whether it equals the gold answer.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rewards/builtin.h"
#include "rewards/math/judge.h"
#include "rewards/math/policy.h"

namespace lockstep::rewards::math {

struct AccuracyMathConfig {
  std::vector<std::string> sources = {"answer_tag", "boxed", "final_answer", "hashes", "last_formula"};
  std::string boxes = "join";
  std::string think_open_in_prompt = "auto";
  std::string column = "answer";
  std::string gold_marker = "####";
  Policy policy = {};
  void visit(auto&& field) {
    field("sources", sources, "where the final answer may stand, tried in this order; also: last_number",
          base::one_of({"answer_tag", "boxed", "final_answer", "hashes", "last_formula", "last_number"}));
    field("boxes", boxes,
          "several boxes; join: neighbours make one list, else the last counts; last: the last counts; agree: they "
          "must be "
          "equal",
          base::one_of({"join", "last", "agree"}));
    field("think_open_in_prompt", think_open_in_prompt,
          "the prompt has opened <think>, so that an answer needs </think> first; auto: see whether the prompt ends so",
          base::one_of({"auto", "yes", "no"}));
    field("column", column, "the column that holds the gold answer");
    field("gold_marker", gold_marker,
          "the gold answer is what follows the last of these (GSM8K); empty: the whole column");
    field("policy", policy, "judgement calls");
  }
};

// 1 when the answer equals the gold answer as mathematics, 0 when it is wrong, missing or not understood. skip when the
// gold answer is missing or not understood. Metrics: has_answer; undecided: 1 when the limits ended the comparison.
class AccuracyMath final : public NamedReward {
 public:
  AccuracyMath(std::string name, AccuracyMathConfig config)
      : NamedReward(std::move(name)), config_(std::move(config)) {}
  Score score(const Sample& sample) const override;
  std::optional<std::string> row_problem(const base::Json& row) const override;

 private:
  struct Gold {
    Answer answer;
    std::optional<std::string> problem;
  };
  Gold gold_of(const base::Json& row) const;

  AccuracyMathConfig config_;
};

}  // namespace lockstep::rewards::math
