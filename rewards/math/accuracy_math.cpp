// SPDX-License-Identifier: Apache-2.0
// Extraction, judgement and bookkeeping of the reward.
#include "rewards/math/accuracy_math.h"

#include "base/text.h"
#include "rewards/checkers.h"
#include "rewards/math/extract.h"

namespace lockstep::rewards::math {

AccuracyMath::Gold AccuracyMath::gold_of(const base::Json& row) const {
  const GoldText found = find_gold(row, {config_.column, config_.gold_marker});
  if (!found.text) return {{}, found.problem};
  Gold gold = {read_answer(*found.text), {}};
  gold.problem = gold_problem(gold.answer);
  return gold;
}

std::optional<std::string> AccuracyMath::row_problem(const base::Json& row) const { return gold_of(row).problem; }

Score AccuracyMath::score(const Sample& sample) const {
  // The row is checked even without an answer, so that an unusable gold skips the whole group, not a part of it.
  const Gold gold = gold_of(*sample.columns);
  if (gold.problem) return {.status = Status::skip, .detail = *gold.problem};
  const Extraction found =
      extract(sample.completion, {.sources = config_.sources,
                                  .boxes = config_.boxes,
                                  .is_think_open = is_think_open(sample, config_.think_open_in_prompt)});
  Score score;
  score.metrics["has_answer"] = found.answer ? 1 : 0;
  score.metrics["undecided"] = 0;
  if (!found.answer) {
    score.detail = found.problem;
    return score;
  }
  const Verdict verdict = judge(gold.answer, read_answer(*found.answer), config_.policy);
  score.value = verdict.is_equal ? 1 : 0;
  score.metrics["undecided"] = verdict.is_undecided ? 1 : 0;
  score.answer = *found.answer;
  score.detail = cat("answer: ", base::printable(std::string_view(*found.answer).substr(0, 200)), "; ", verdict.reason);
  if (!verdict.is_equal)
    score.detail += cat("; gold is ", base::printable(std::string_view(gold.answer.text).substr(0, 200)));
  return score;
}

}  // namespace lockstep::rewards::math
