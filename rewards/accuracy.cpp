// SPDX-License-Identifier: Apache-2.0
// The accuracy reward: extract, then check.
#include "base/text.h"
#include "rewards/builtin.h"
#include "rewards/checkers.h"
#include "rewards/extract.h"

namespace lockstep::rewards {
namespace {

std::string checker_of(const base::Json& row, const std::string& setting) {
  if (setting != "auto") return setting;
  const auto task = row.find("task");
  if (task == row.end() || !task->is_string()) return "value";
  const std::string name = task->get<std::string>();
  return name == "countdown" || name == "knights_knaves" ? name : "value";
}

Check check(const base::Json& row, std::string_view answer, const AccuracyConfig& config) {
  const GoldRule gold{config.column, config.gold_marker};
  const std::string checker = checker_of(row, config.checker);
  if (checker == "countdown") return check_countdown(row, answer, gold, config.countdown_numbers == "at_most_once");
  if (checker == "knights_knaves") return check_knights_knaves(row, answer);
  return check_value(row, answer, gold);
}

}  // namespace

Score Accuracy::score(const Sample& sample) const {
  const Extraction found = extract_answer(sample, {config_.source, config_.answers, config_.think_open_in_prompt});
  // The row is checked even without an answer, so that a missing gold skips the whole group, not a part of it.
  const Check result = check(*sample.columns, found.answer.value_or(""), config_);
  if (result.verdict == Verdict::no_gold) return {.status = Status::skip, .detail = result.detail};
  Score score;
  score.metrics["has_answer"] = found.answer ? 1 : 0;
  if (!found.answer) {
    score.detail = found.problem;
    return score;
  }
  score.value = result.verdict == Verdict::right ? 1 : 0;
  score.answer = *found.answer;
  score.detail = cat("answer: ", base::printable(std::string_view(*found.answer).substr(0, 200)));
  if (!result.detail.empty()) score.detail += cat("; ", base::printable(result.detail));
  return score;
}

}  // namespace lockstep::rewards
