// SPDX-License-Identifier: Apache-2.0
// Judgement calls of comparing answers, as options. The defaults are what most public verifiers do.
#pragma once

#include "base/config.h"

namespace lockstep::rewards::math {

struct Policy {
  bool bare_percent = true;
  bool bare_unit = true;
  bool bare_base = true;
  bool bare_tuple = true;
  bool bare_value = true;
  bool unreduced_fraction = true;
  bool relation_for_set = false;
  bool vector_as_tuple = true;
  bool decimal_comma = true;
  int min_decimal_digits = 6;
  void visit(auto&& field) {
    field("bare_percent", bare_percent, "28% may be written 28 (or 0.28)");
    field("bare_unit", bare_unit, "a unit may be missing on one side; different units are never equal");
    field("bare_base", bare_base, "the base may be missing on one side: 204 for 204_5");
    field("bare_tuple", bare_tuple, "a tuple may lack its parentheses, in the same order");
    field("bare_value", bare_value, "5 and x = 5 are the same, either way round");
    field("unreduced_fraction", unreduced_fraction, "2/4 may stand for 1/2");
    field(
        "relation_for_set", relation_for_set,
        "where the gold answer is a set, an inequality may describe it; off, so that the inequality of the task is no "
        "answer");
    field("vector_as_tuple", vector_as_tuple, "a row or column vector equals its coordinates as a tuple");
    field("decimal_comma", decimal_comma, "1,22 may be 1.22 where the other answer is one number");
    field("min_decimal_digits", min_decimal_digits,
          "significant digits from which a decimal, correctly rounded, may stand for an exact value",
          base::at_least(2));
  }
};

}  // namespace lockstep::rewards::math
