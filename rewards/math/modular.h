// SPDX-License-Identifier: Apache-2.0
// Fingerprints of rational expressions: their value modulo primes at random points.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "rewards/math/evaluator.h"

namespace lockstep::rewards::math {

inline constexpr size_t kNumPrimes = 2;

// Values in fields of about 2^61 elements, every symbol replaced by an element that its name and `point` choose. The
// imaginary unit is a root of -1 there; pi and e count as symbols (they are transcendental). Two terms with different
// fingerprints have different values. Equal rational functions have equal fingerprints; different ones of degree d share
// one with probability at most (d / 2^60)^2 (Schwartz-Zippel, twice), below 2^-80 for the degrees accepted here
// (<= 2^20); and different numbers of n bits when both primes divide their difference, which no number below 2^120 can.
using Fingerprint = std::array<uint64_t, kNumPrimes>;

// Nothing when the term is not rational in its symbols, undefined at the point, or of too high a degree.
std::optional<Fingerprint> fingerprint(const Term& term, const Context& context, uint64_t point = 0);

// The numerator of a - b, denominators multiplied out as they stand: y = 1/x gives xy - 1, while x^2 = x keeps its factor x.
std::optional<Fingerprint> numerator_of_difference(const Term& a,
                                                   const Term& b,
                                                   const Context& context,
                                                   uint64_t point);

Fingerprint operator*(const Fingerprint& a, const Fingerprint& b);
bool is_zero(const Fingerprint& a);  // in either field

uint64_t hash_name(std::string_view name, uint64_t seed);
uint64_t mix(uint64_t a, uint64_t b);

}  // namespace lockstep::rewards::math
