// SPDX-License-Identifier: Apache-2.0
// The checker of values: finds the gold answer of a row and compares.
#include "base/text.h"
#include "rewards/answer.h"
#include "rewards/checkers.h"
#include "rewards/extract.h"

namespace lockstep::rewards {

GoldText find_gold(const base::Json& row, const GoldRule& rule) {
  const auto found = row.find(rule.column);
  if (found == row.end()) return {std::nullopt, cat("the row has no column \"", rule.column, "\"")};
  if (!found->is_string() && !found->is_number()) {
    return {std::nullopt, cat("the column \"", rule.column, "\" is ", found->type_name(), ", not text or a number")};
  }
  const std::string text = found->is_string() ? found->get<std::string>() : found->dump();
  std::string_view value = text;
  if (const size_t marker = rule.marker.empty() ? std::string::npos : text.rfind(rule.marker);
      marker != std::string::npos) {
    value.remove_prefix(marker + rule.marker.size());
  }
  if (const std::vector<std::string_view> boxes = find_boxes(value); !boxes.empty()) value = boxes.back();
  value = base::trim(value);
  if (value.size() > kMaxAnswerBytes) return {std::nullopt, cat("the gold answer has ", value.size(), " bytes")};
  if (normalize_answer(value).empty()) return {std::nullopt, "the gold answer is empty"};
  return {std::string(value), ""};
}

Check check_value(const base::Json& row, std::string_view answer, const GoldRule& rule) {
  const GoldText gold = find_gold(row, rule);
  if (!gold.text) return {Verdict::no_gold, gold.problem};
  if (answers_equal(answer, *gold.text)) return {Verdict::right, ""};
  return {Verdict::wrong, cat("gold is ", gold.text->substr(0, 200))};
}

}  // namespace lockstep::rewards
