// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the small parsers of the accuracy reward: numbers, answers, choices, countdown expressions.
#include <cstdlib>
#include <string_view>

#include "rewards/answer.h"
#include "rewards/expression.h"
#include "rewards/number.h"

namespace rewards = lockstep::rewards;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string problem;
  const auto expression = rewards::parse_expression(text, problem);
  if (expression.has_value() != problem.empty()) std::abort();
  const std::string normal = rewards::normalize_answer(text);
  const auto number = rewards::parse_number(normal);
  if (number && !rewards::numbers_equal(*number, *number)) std::abort();
  rewards::choice_letter(normal);
  if (!normal.empty() && !rewards::answers_equal(text, text)) std::abort();
  return 0;
}
