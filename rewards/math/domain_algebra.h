// SPDX-License-Identifier: Apache-2.0
// Factorials and binomials from the operations of any domain (evaluator.h says what a domain is).
#pragma once

#include <cstdint>
#include <optional>

#include "rewards/math/fraction.h"
#include "rewards/math/limits.h"

namespace lockstep::rewards::math {

inline constexpr int64_t kMaxSmallBinomial = 64;

// n (n - 1) ... (n - k + 1) / k! for any n, 0 <= k <= kMaxSmallBinomial.
template <class Domain>
std::optional<typename Domain::Value> small_binomial(Domain& domain,
                                                     const std::optional<typename Domain::Value>& n,
                                                     int64_t k,
                                                     Budget& budget) {
  constexpr int64_t kCost = 60;  // of a factor: reducing 1 / i, two products
  if (!n || !budget.spend(kCost * k)) return std::nullopt;
  auto result = domain.number(1);
  for (int64_t i = 0; i < k && result; ++i) {
    const auto shift = domain.number(-i), scale = domain.number(Fraction(1, i + 1));
    const auto factor = shift ? domain.add(*n, *shift) : std::nullopt;
    const auto scaled = factor && scale ? domain.multiply(*factor, *scale) : std::nullopt;
    result = scaled ? domain.multiply(*result, *scaled) : std::nullopt;
  }
  return result;
}

// May a sum run from `lower` to `upper`? Also false for bounds whose values would only be large.
inline bool is_short_range(int64_t lower, int64_t upper, int64_t max_terms) {
  const int64_t farthest = 1000 * max_terms;
  const bool is_near = lower >= -farthest && lower <= farthest;
  return is_near && (upper < lower || upper - lower < max_terms);
}

// n!, n >= 0 bounded by the caller.
template <class Domain>
std::optional<typename Domain::Value> product_up_to(Domain& domain, int64_t n, Budget& budget) {
  auto result = domain.number(1);
  for (int64_t i = 2; i <= n && result; ++i) {
    if (!budget.spend(Domain::kCost)) return std::nullopt;
    const auto factor = domain.number(i);
    result = factor ? domain.multiply(*result, *factor) : std::nullopt;
  }
  return result;
}

}  // namespace lockstep::rewards::math
