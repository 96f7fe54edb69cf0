// SPDX-License-Identifier: Apache-2.0
// Arithmetic written by a model, read by our own parser: no eval, exact values, bounded work.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/rational.h"

namespace lockstep::rewards {

struct ExpressionLimits {
  size_t max_bytes = 1024;
  size_t max_numbers = 16;
  size_t max_depth = 64;
};

struct Expression {
  Rational value;
  std::vector<int64_t> numbers;  // the integers it uses, in order
};

// Integers of at most 18 digits, + - * / (also × ÷ \times \cdot \div), unary minus, parentheses. Nothing, and a reason in
// `problem`, for any other text, a division by zero, or above the limits.
std::optional<Expression> parse_expression(std::string_view text,
                                           std::string& problem,
                                           const ExpressionLimits& limits = {});

}  // namespace lockstep::rewards
