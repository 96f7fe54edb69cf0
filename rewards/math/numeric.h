// SPDX-License-Identifier: Apache-2.0
// Certified values of terms at a sample point.
#pragma once

#include <optional>

#include "rewards/math/complex_ball.h"
#include "rewards/math/evaluator.h"

namespace lockstep::rewards::math {

// Each symbol gets a rational value that its name and the point choose. Points of one class share a range: real values
// between 0 and 1, larger ones, negative ones, and positive integers; mixed ones may have either sign.
struct SamplePoint {
  enum class Class { small, medium, negative, integer, mixed } range = Class::medium;
  uint64_t seed = 0;
  std::optional<Fraction> fixed = {};  // every symbol has this value
  Bindings integers = {};              // these symbols have these values, exactly: (-1)^n is real for an integer n
};

// The value at a point; nothing when it is undefined there or cannot be enclosed.
MaybeComplex numeric_value(const Term& term, const Context& context, const SamplePoint& point = {});

}  // namespace lockstep::rewards::math
