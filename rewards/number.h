// SPDX-License-Identifier: Apache-2.0
// Reading one number out of an answer: integer, decimal, fraction or mixed number, of any size.
#pragma once

#include <optional>
#include <string_view>

#include "rewards/rational.h"

namespace lockstep::rewards {

struct Number {
  Rational value;  // without the percent sign: 28 for "28%"
  bool is_percent = false;
};

// The whole text must be one number: "-12", "7,425,000", "1 000 000", "+.5", "3.", "1.2e-3", "3/4", "-3/4", "1 1/4",
// "\frac{3}{4}", "\frac34", "2\frac{1}{2}", any of them followed by "%". Nothing for any other text, for a denominator of
// zero, and for more than 4096 digits (exponents counted as digits).
std::optional<Number> parse_number(std::string_view text);

// Exact equality. When only one of the two is a percentage, 28% equals 28 as well as 0.28.
bool numbers_equal(const Number& a, const Number& b);

}  // namespace lockstep::rewards
