// SPDX-License-Identifier: Apache-2.0
// Greatest common divisors by Lehmer's algorithm: what reduces every fraction, and so the larger part of exact work.
#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>

#include "rewards/math/integer.h"

namespace lockstep::rewards::math {
namespace {

using Limbs = std::vector<uint32_t>;
constexpr size_t kLimbBits = 32;
// Cofactors stay below it, so that a combination of two limbs and a carry fits into 64 bits.
constexpr int64_t kMaxCofactor = int64_t{1} << 30;
constexpr size_t kLeadingBits = 62;

// The bits of `limbs` from `at` on; they must be less than 2^63.
int64_t bits_from(const Limbs& limbs, size_t at) {
  uint64_t result = 0;
  const size_t rest = at % kLimbBits;
  for (size_t i = 0; i < 3; ++i) {
    const size_t index = at / kLimbBits + i;
    const uint64_t limb = index < limbs.size() ? limbs[index] : 0;
    const size_t position = i * kLimbBits;
    if (position >= rest) {
      if (position - rest < 64) result |= limb << (position - rest);
    } else {
      result |= limb >> (rest - position);
    }
  }
  return static_cast<int64_t>(result);
}

// Several steps of Euclid's algorithm at once: (u, v) becomes (a u + b v, c u + d v).
struct Steps {
  int64_t a = 1, b = 0, c = 0, d = 1;
};

// The steps that the leading bits x >= y of both numbers decide, whatever the others are (Knuth, The Art of Computer
// Programming 2, 4.5.2, algorithm L).
Steps leading_steps(int64_t x, int64_t y) {
  Steps s;
  while (y + s.c > 0 && y + s.d > 0) {
    const int64_t quotient = (x + s.a) / (y + s.c);
    if (quotient != (x + s.b) / (y + s.d) || quotient >= kMaxCofactor) break;
    const int64_t c = s.a - quotient * s.c, d = s.b - quotient * s.d;
    if (std::abs(c) >= kMaxCofactor || std::abs(d) >= kMaxCofactor) break;
    s = {s.c, s.d, c, d};
    const int64_t rest = x - quotient * y;
    x = y;
    y = rest;
  }
  return s;
}

// p u + q v, which is not negative; v has no more limbs than u.
Limbs combination(int64_t p, const Limbs& u, int64_t q, const Limbs& v) {
  Limbs result(u.size());
  int64_t carry = 0;
  for (size_t i = 0; i < u.size(); ++i) {
    carry += p * int64_t{u[i]} + (i < v.size() ? q * int64_t{v[i]} : 0);
    result[i] = static_cast<uint32_t>(carry);
    carry >>= kLimbBits;
  }
  return result;
}

std::optional<uint64_t> small_value(const Integer& value) {
  if (value.bits() > 64) return std::nullopt;
  uint64_t result = 0;
  for (size_t i = value.limbs().size(); i-- > 0;) result = result << kLimbBits | value.limbs()[i];
  return result;
}

}  // namespace

Integer gcd(Integer a, Integer b) {
  a = absolute(a);
  b = absolute(b);
  if (a < b) std::swap(a, b);
  while (!b.is_zero()) {
    const auto x = small_value(a), y = small_value(b);
    if (x && y)
      return Integer::from_limbs(
          {static_cast<uint32_t>(std::gcd(*x, *y)), static_cast<uint32_t>(std::gcd(*x, *y) >> kLimbBits)});
    const size_t at = a.bits() - std::min(a.bits(), kLeadingBits);
    const Steps s = leading_steps(bits_from(a.limbs(), at), bits_from(b.limbs(), at));
    if (s.b == 0) {
      Integer rest = Integer::divide(a, b).remainder;
      a = std::move(b);
      b = std::move(rest);
    } else {
      Integer next = Integer::from_limbs(combination(s.a, a.limbs(), s.b, b.limbs()));
      b = Integer::from_limbs(combination(s.c, a.limbs(), s.d, b.limbs()));
      a = std::move(next);
    }
  }
  return a;
}

}  // namespace lockstep::rewards::math
