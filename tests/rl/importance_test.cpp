// SPDX-License-Identifier: Apache-2.0
// Importance weights of tokens and samples at, inside and beyond their bounds.
#include "rl/importance.h"

#include <doctest/doctest.h>

#include <cmath>

namespace lockstep {
using rl::Correction;
using rl::CorrectionMode;

TEST_CASE("importance: truncation holds a ratio at its bounds, masking drops it beyond them, at both levels") {
  for (const auto& [truncate, mask] : {std::pair{CorrectionMode::token_truncate, CorrectionMode::token_mask},
                                       {CorrectionMode::sequence_truncate, CorrectionMode::sequence_mask}}) {
    const Correction truncated{truncate, 0.5, 2}, masked{mask, 0.5, 2};
    CHECK(truncated.weight(std::log(3.0)) == 2);
    CHECK(truncated.weight(std::log(0.1)) == 0.5);
    CHECK(masked.weight(std::log(3.0)) == 0);
    CHECK(masked.weight(std::log(0.1)) == 0);
    for (const Correction& inside : {truncated, masked}) {
      CHECK(inside.weight(0) == 1);
      CHECK(inside.weight(std::log(1.7)) == doctest::Approx(1.7).epsilon(1e-14));
    }
    CHECK(truncated.is_of_sample() == (truncate == CorrectionMode::sequence_truncate));
    CHECK(masked.is_of_sample() == (mask == CorrectionMode::sequence_mask));
  }
}

TEST_CASE("importance: a ratio that overflows is still bounded, or dropped") {
  CHECK(Correction{CorrectionMode::sequence_truncate, 0, 3}.weight(5000) == 3);
  CHECK(Correction{CorrectionMode::sequence_mask, 0, 3}.weight(5000) == 0);
  CHECK(Correction{CorrectionMode::sequence_mask, 0, 3}.weight(-5000) == 0);
}

TEST_CASE("importance: the log of a weight is finite, down to 1e-8 for a dropped one") {
  const Correction masked{CorrectionMode::token_mask, 0, 2};
  CHECK(masked.bounded_log_weight(std::log(1.5)) == doctest::Approx(std::log(1.5)).epsilon(1e-14));
  CHECK(masked.bounded_log_weight(std::log(3.0)) == doctest::Approx(std::log(1e-8)).epsilon(1e-15));
  CHECK(masked.bounded_log_weight(-1e4) == doctest::Approx(std::log(1e-8)).epsilon(1e-15));
}

TEST_CASE("importance: only a sample of negative advantage can be too far off, and only beyond the threshold") {
  CHECK(rl::is_too_far_off(-1, 0.51, 0.5));
  CHECK_FALSE(rl::is_too_far_off(-1, 0.5, 0.5));
  CHECK_FALSE(rl::is_too_far_off(0, 9, 0.5));
  CHECK_FALSE(rl::is_too_far_off(1, 9, 0.5));
  CHECK_FALSE(rl::is_too_far_off(-1, 9, {}));
}

}  // namespace lockstep
