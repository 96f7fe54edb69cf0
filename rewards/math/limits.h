// SPDX-License-Identifier: Apache-2.0
// Bounds on what one comparison may cost, and the step counter that enforces them without a clock.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::rewards::math {

struct Limits {
  size_t max_bytes = 4096;           // of an answer; the longest one in MATH-500 has 159
  int max_depth = 64;                // of brackets, fractions, exponents ...
  size_t max_nodes = 8192;           // of a parsed answer, in the arena and written out as a tree
  size_t max_bits = 4096;            // of an exact numerator or denominator
  int64_t max_terms = 10'000;        // of a sum, product, factorial or binomial
  int64_t max_steps = 250'000;       // of one comparison; a step is some ten nanoseconds
  int64_t max_parse_steps = 50'000;  // of one reading of an answer: its numbers and matrices
};

// Counts work. Once it is used up every evaluation gives nothing, and the comparison ends as undecided.
class Budget {
 public:
  explicit Budget(int64_t steps) : all_(steps), left_(steps) {}
  bool spend(int64_t steps) {
    left_ = left_ < steps ? -1 : left_ - steps;
    return left_ >= 0;
  }
  bool is_exhausted() const { return left_ < 0; }
  int64_t spent() const { return left_ < 0 ? all_ : all_ - left_; }

 private:
  int64_t all_, left_;
};

}  // namespace lockstep::rewards::math
