// SPDX-License-Identifier: Apache-2.0
// When the standard output of a program is the expected one: always the whole of it.
#pragma once

#include <string>
#include <string_view>

namespace lockstep::rewards::code {

struct OutputRule {
  // lines (as LiveCodeBench): the same number of lines, each equal but for white space around it, or equal token by token;
  // white space around the whole does not count. tokens: line breaks do not count either. exact: the same bytes.
  std::string compare = "lines";
  // Tokens are equal when they are the same text or the same decimal number ("1.50" = "1.5" = "15e-1"), and with a tolerance
  // above 0 also when both are numbers that differ by at most tolerance * max(1, |expected|).
  double tolerance = 0;
};

// Linear in both texts.
bool outputs_equal(std::string_view got, std::string_view expected, const OutputRule& rule);

}  // namespace lockstep::rewards::code
