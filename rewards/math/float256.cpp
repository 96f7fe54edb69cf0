// SPDX-License-Identifier: Apache-2.0
// Truncating arithmetic on four 64-bit limbs.
#include "rewards/math/float256.h"

#include <bit>
#include <cmath>

namespace lockstep::rewards::math {
namespace {

using Mantissa = std::array<uint64_t, Float256::kLimbs>;
using Wide = unsigned __int128;
constexpr int kLimbs = Float256::kLimbs;

std::strong_ordering compare_mantissas(const Mantissa& a, const Mantissa& b) {
  for (int i = kLimbs; i-- > 0;) {
    if (a[i] != b[i]) return a[i] <=> b[i];
  }
  return std::strong_ordering::equal;
}

// Shifts the top bit into place; `low` holds bits below the last limb.
Float256 normalized(Float256 value, uint64_t low) {
  int empty = 0;
  while (empty < kLimbs && value.mantissa[kLimbs - 1] == 0) {
    for (int i = kLimbs; i-- > 1;) value.mantissa[i] = value.mantissa[i - 1];
    value.mantissa[0] = low;
    low = 0;
    ++empty;
  }
  if (value.mantissa[kLimbs - 1] == 0) return {};
  const int shift = std::countl_zero(value.mantissa[kLimbs - 1]);
  if (shift != 0) {
    for (int i = kLimbs; i-- > 0;) {
      const uint64_t below = i > 0 ? value.mantissa[i - 1] : low;
      value.mantissa[i] = value.mantissa[i] << shift | below >> (64 - shift);
    }
  }
  value.exponent -= 64 * empty + shift;
  return value;
}

// The mantissa shifted right by `bits` (>= 0), with one limb of what falls out.
Mantissa shifted_right(const Mantissa& m, int64_t bits, uint64_t& low) {
  Mantissa result = {};
  low = 0;
  if (bits > 64 * (kLimbs + 1)) return result;
  const int limbs = static_cast<int>(bits / 64), rest = static_cast<int>(bits % 64);
  const auto at = [&](int i) { return i >= 0 && i < kLimbs ? m[i] : uint64_t{0}; };
  const auto limb = [&](int i) {
    return rest == 0 ? at(i + limbs) : at(i + limbs) >> rest | at(i + limbs + 1) << (64 - rest);
  };
  for (int i = 0; i < kLimbs; ++i) result[i] = limb(i);
  low = limb(-1);
  return result;
}

Float256 add_magnitudes(const Float256& a, const Mantissa& b, uint64_t low) {
  Float256 result = a;
  Wide carry = 0;
  for (int i = 0; i < kLimbs; ++i) {
    carry += Wide{a.mantissa[i]} + b[i];
    result.mantissa[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  if (carry == 0) return normalized(result, low);
  for (int i = 0; i < kLimbs; ++i) {
    const uint64_t above = i + 1 < kLimbs ? result.mantissa[i + 1] : 1;
    result.mantissa[i] = result.mantissa[i] >> 1 | above << 63;
  }
  ++result.exponent;
  return result;
}

// |a| - |b| for |a| >= |b|; b is aligned to a's exponent, with `low` below the last limb.
Float256 subtract_magnitudes(const Float256& a, const Mantissa& b, uint64_t low) {
  Float256 result = a;
  const uint64_t rest = 0 - low;
  uint64_t borrow = low != 0 ? 1 : 0;
  for (int i = 0; i < kLimbs; ++i) {
    const Wide subtrahend = Wide{b[i]} + borrow;
    borrow = subtrahend > a.mantissa[i] ? 1 : 0;
    result.mantissa[i] = static_cast<uint64_t>(Wide{a.mantissa[i]} - subtrahend);
  }
  return normalized(result, rest);
}

}  // namespace

Float256 Float256::from_integer(const Integer& value) {
  Float256 result;
  const auto& limbs = value.limbs();
  if (limbs.empty()) return result;
  result.is_negative = value.is_negative();
  const size_t num_words = (limbs.size() + 1) / 2;
  const auto word = [&](size_t i) {
    const uint64_t high = 2 * i + 1 < limbs.size() ? limbs[2 * i + 1] : 0;
    return high << 32 | limbs[2 * i];
  };
  for (size_t i = 0; i < kLimbs && i < num_words; ++i) result.mantissa[kLimbs - 1 - i] = word(num_words - 1 - i);
  result.exponent = static_cast<int64_t>(64 * num_words);
  return normalized(result, num_words > kLimbs ? word(num_words - 1 - kLimbs) : 0);
}

Float256 Float256::from_double(double value) {
  if (value == 0) return {};
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(value), &exponent);
  Float256 result;
  result.is_negative = value < 0;
  result.exponent = exponent;
  result.mantissa[kLimbs - 1] = static_cast<uint64_t>(std::ldexp(fraction, 64));
  return result;
}

double Float256::to_double() const {
  if (is_zero()) return 0;
  const int64_t power = exponent - 64;
  const int bounded = static_cast<int>(power > 4096 ? 4096 : power < -4096 ? -4096 : power);
  const double magnitude = std::ldexp(static_cast<double>(mantissa[kLimbs - 1]), bounded);
  return is_negative ? -magnitude : magnitude;
}

Float256 Float256::operator-() const {
  Float256 result = *this;
  result.is_negative = !is_negative && !is_zero();
  return result;
}

Float256 add(const Float256& a, const Float256& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  const bool is_b_larger =
      a.exponent != b.exponent ? a.exponent < b.exponent : compare_mantissas(a.mantissa, b.mantissa) < 0;
  const Float256 &large = is_b_larger ? b : a, &small = is_b_larger ? a : b;
  uint64_t low = 0;
  const Mantissa aligned = shifted_right(small.mantissa, large.exponent - small.exponent, low);
  return a.is_negative == b.is_negative ? add_magnitudes(large, aligned, low)
                                        : subtract_magnitudes(large, aligned, low);
}

Float256 multiply(const Float256& a, const Float256& b) {
  if (a.is_zero() || b.is_zero()) return {};
  std::array<uint64_t, 2 * kLimbs> product = {};
  for (int i = 0; i < kLimbs; ++i) {
    uint64_t carry = 0;
    for (int j = 0; j < kLimbs; ++j) {
      const Wide sum = Wide{a.mantissa[i]} * b.mantissa[j] + product[i + j] + carry;
      product[i + j] = static_cast<uint64_t>(sum);
      carry = static_cast<uint64_t>(sum >> 64);
    }
    product[i + kLimbs] = carry;
  }
  Float256 result;
  result.is_negative = a.is_negative != b.is_negative;
  result.exponent = a.exponent + b.exponent;
  for (int i = 0; i < kLimbs; ++i) result.mantissa[i] = product[i + kLimbs];
  return normalized(result, product[kLimbs - 1]);
}

namespace {

// rest[0 .. kLimbs] -= digit * b; true when it went below zero.
bool subtract_multiple(uint64_t* rest, const Mantissa& b, uint64_t digit) {
  uint64_t carry = 0;
  for (int i = 0; i < kLimbs; ++i) {
    const Wide product = Wide{digit} * b[i] + carry;
    const uint64_t low = static_cast<uint64_t>(product);
    carry = static_cast<uint64_t>(product >> 64) + (rest[i] < low ? 1 : 0);
    rest[i] -= low;
  }
  const bool is_below = rest[kLimbs] < carry;
  rest[kLimbs] -= carry;
  return is_below;
}

// rest[0 .. kLimbs] += b; true when it came back to zero or above.
bool add_back(uint64_t* rest, const Mantissa& b) {
  Wide carry = 0;
  for (int i = 0; i < kLimbs; ++i) {
    carry += Wide{rest[i]} + b[i];
    rest[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  carry += rest[kLimbs];
  rest[kLimbs] = static_cast<uint64_t>(carry);
  return (carry >> 64) != 0;
}

}  // namespace

// Knuth's algorithm D (The Art of Computer Programming 2, 4.3.1) in base 2^64; a divisor's top bit is set already.
Float256 divide(const Float256& a, const Float256& b) {
  if (a.is_zero()) return {};
  const bool is_smaller = compare_mantissas(a.mantissa, b.mantissa) < 0;
  // The dividend, above it room for a limb; halved when the quotient would not lie below 1.
  std::array<uint64_t, 2 * kLimbs + 1> rest = {};
  for (int i = 0; i < kLimbs; ++i) {
    const uint64_t above = i + 1 < kLimbs ? a.mantissa[i + 1] : 0;
    rest[kLimbs + i] = is_smaller ? a.mantissa[i] : a.mantissa[i] >> 1 | above << 63;
  }
  if (!is_smaller) rest[kLimbs - 1] = a.mantissa[0] << 63;
  Float256 result;
  result.is_negative = a.is_negative != b.is_negative;
  result.exponent = a.exponent - b.exponent + (is_smaller ? 0 : 1);
  const uint64_t top = b.mantissa[kLimbs - 1];
  for (int j = kLimbs; j-- > 0;) {
    uint64_t* part = rest.data() + j;
    // By the top limbs alone a digit is never too small, and too large by at most two.
    const bool is_full = part[kLimbs] >= top;
    uint64_t digit =
        is_full ? ~uint64_t{0} : static_cast<uint64_t>((Wide{part[kLimbs]} << 64 | part[kLimbs - 1]) / top);
    bool is_below = subtract_multiple(part, b.mantissa, digit);
    while (is_below) {
      --digit;
      is_below = !add_back(part, b.mantissa);
    }
    result.mantissa[j] = digit;
  }
  return result;
}

Float256 divide(const Float256& a, uint64_t b) {
  if (a.is_zero()) return {};
  Float256 result = a;
  Wide rest = 0;
  for (int i = kLimbs; i-- > 0;) {
    rest = rest << 64 | a.mantissa[i];
    result.mantissa[i] = static_cast<uint64_t>(rest / b);
    rest %= b;
  }
  return normalized(result, static_cast<uint64_t>((rest << 64) / b));
}

Float256 scaled(const Float256& a, int64_t power_of_two) {
  Float256 result = a;
  if (!a.is_zero()) result.exponent += power_of_two;
  return result;
}

std::strong_ordering compare(const Float256& a, const Float256& b) {
  const int sign_a = a.is_zero() ? 0 : a.is_negative ? -1 : 1, sign_b = b.is_zero() ? 0 : b.is_negative ? -1 : 1;
  if (sign_a != sign_b || sign_a == 0) return sign_a <=> sign_b;
  const auto magnitude =
      a.exponent != b.exponent ? a.exponent <=> b.exponent : compare_mantissas(a.mantissa, b.mantissa);
  return sign_a > 0 ? magnitude : 0 <=> magnitude;
}

}  // namespace lockstep::rewards::math
