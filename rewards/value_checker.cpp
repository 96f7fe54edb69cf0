// SPDX-License-Identifier: Apache-2.0
// The checker of values: finds the gold answer of a row and compares.
#include "base/text.h"
#include "rewards/answer.h"
#include "rewards/checkers.h"
#include "rewards/extract.h"

namespace lockstep::rewards {

Check check_value(const base::Json& row, std::string_view answer, const GoldRule& gold) {
  const auto found = row.find(gold.column);
  if (found == row.end()) return {Verdict::no_gold, cat("the row has no column \"", gold.column, "\"")};
  if (!found->is_string() && !found->is_number()) {
    return {Verdict::no_gold,
            cat("the column \"", gold.column, "\" is ", found->type_name(), ", not text or a number")};
  }
  const std::string text = found->is_string() ? found->get<std::string>() : found->dump();
  std::string_view value = text;
  if (const size_t marker = gold.marker.empty() ? std::string::npos : text.rfind(gold.marker);
      marker != std::string::npos) {
    value.remove_prefix(marker + gold.marker.size());
  }
  if (const std::vector<std::string_view> boxes = find_boxes(value); !boxes.empty()) value = boxes.back();
  value = base::trim(value);
  if (value.size() > kMaxAnswerBytes) return {Verdict::no_gold, cat("the gold answer has ", value.size(), " bytes")};
  if (normalize_answer(value).empty()) return {Verdict::no_gold, "the gold answer is empty"};
  if (answers_equal(answer, value)) return {Verdict::right, ""};
  return {Verdict::wrong, cat("gold is ", value.substr(0, 200))};
}

}  // namespace lockstep::rewards
