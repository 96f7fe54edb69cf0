// SPDX-License-Identifier: Apache-2.0
// Schoolbook arithmetic on 32-bit limbs; division is Knuth's algorithm D (The Art of Computer Programming 2, 4.3.1).
#include "rewards/math/integer.h"

#include <algorithm>
#include <bit>

#include "base/error.h"

namespace lockstep::rewards::math {
namespace {

using Limbs = std::vector<uint32_t>;
constexpr int kLimbBits = 32;

std::strong_ordering compare_magnitudes(const Limbs& a, const Limbs& b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return std::lexicographical_compare_three_way(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

Limbs sum(const Limbs& a, const Limbs& b) {
  Limbs result(std::max(a.size(), b.size()) + 1);
  uint64_t carry = 0;
  for (size_t i = 0; i < result.size(); ++i) {
    carry += (i < a.size() ? uint64_t{a[i]} : 0) + (i < b.size() ? b[i] : 0);
    result[i] = static_cast<uint32_t>(carry);
    carry >>= kLimbBits;
  }
  return result;
}

// a - b for a >= b.
Limbs difference(const Limbs& a, const Limbs& b) {
  Limbs result(a.size());
  int64_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const int64_t digit = int64_t{a[i]} - (i < b.size() ? int64_t{b[i]} : 0) + borrow;
    result[i] = static_cast<uint32_t>(digit);
    borrow = digit < 0 ? -1 : 0;
  }
  return result;
}

Limbs shifted_left(const Limbs& a, int bits) {
  Limbs result(a.size() + 1);
  uint64_t carry = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    carry |= uint64_t{a[i]} << bits;
    result[i] = static_cast<uint32_t>(carry);
    carry >>= kLimbBits;
  }
  result[a.size()] = static_cast<uint32_t>(carry);
  return result;
}

// Divides in place by one limb and returns the remainder.
uint32_t divide_small(Limbs& a, uint32_t divisor) {
  uint64_t rest = 0;
  for (size_t i = a.size(); i-- > 0;) {
    rest = rest << kLimbBits | a[i];
    a[i] = static_cast<uint32_t>(rest / divisor);
    rest %= divisor;
  }
  return static_cast<uint32_t>(rest);
}

// rest[at ...] -= digit * v; true when it went below zero.
bool subtract_multiple(Limbs& rest, size_t at, const Limbs& v, uint64_t digit) {
  uint64_t carry = 0;
  int64_t borrow = 0;
  for (size_t i = 0; i < v.size(); ++i) {
    carry += digit * v[i];
    const int64_t value = int64_t{rest[at + i]} - static_cast<int64_t>(carry & 0xFFFFFFFF) + borrow;
    rest[at + i] = static_cast<uint32_t>(value);
    borrow = value < 0 ? -1 : 0;
    carry >>= kLimbBits;
  }
  const int64_t value = int64_t{rest[at + v.size()]} - static_cast<int64_t>(carry) + borrow;
  rest[at + v.size()] = static_cast<uint32_t>(value);
  return value < 0;
}

void add_back(Limbs& rest, size_t at, const Limbs& v) {
  uint64_t carry = 0;
  for (size_t i = 0; i < v.size(); ++i) {
    carry += uint64_t{rest[at + i]} + v[i];
    rest[at + i] = static_cast<uint32_t>(carry);
    carry >>= kLimbBits;
  }
  rest[at + v.size()] += static_cast<uint32_t>(carry);
}

// Knuth D for |u| >= |v|, v of at least two limbs. Leaves the remainder, shifted left by `shift`, in `rest`.
Limbs long_division(Limbs& rest, const Limbs& v) {
  const size_t n = v.size(), m = rest.size() - 1 - n;
  Limbs quotient(m + 1);
  for (size_t j = m + 1; j-- > 0;) {
    const uint64_t top = uint64_t{rest[j + n]} << kLimbBits | rest[j + n - 1];
    uint64_t digit = top / v[n - 1], remainder = top % v[n - 1];
    while (digit >> kLimbBits != 0 || digit * v[n - 2] > (remainder << kLimbBits | rest[j + n - 2])) {
      --digit;
      remainder += v[n - 1];
      if (remainder >> kLimbBits != 0) break;
    }
    if (subtract_multiple(rest, j, v, digit)) {
      --digit;
      add_back(rest, j, v);
    }
    quotient[j] = static_cast<uint32_t>(digit);
  }
  return quotient;
}

uint32_t digit_value(char c) {
  const char lower = static_cast<char>(c | 0x20);
  if (c >= '0' && c <= '9') return static_cast<uint32_t>(c - '0');
  return lower >= 'a' && lower <= 'z' ? static_cast<uint32_t>(lower - 'a') + 10 : 99;
}

}  // namespace

Integer::Integer(int64_t value) : is_negative_(value < 0) {
  uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  for (; magnitude != 0; magnitude >>= kLimbBits) limbs_.push_back(static_cast<uint32_t>(magnitude));
}

std::optional<Integer> Integer::from_digits(std::string_view digits, uint32_t base) {
  if (digits.empty()) return std::nullopt;
  Integer result;
  while (!digits.empty()) {
    // As many digits at a time as fit into a limb.
    uint64_t chunk = 0, scale = 1;
    while (!digits.empty() && scale * base <= 0xFFFFFFFF) {
      const uint32_t digit = digit_value(digits.front());
      if (digit >= base) return std::nullopt;
      digits.remove_prefix(1);
      chunk = chunk * base + digit;
      scale *= base;
    }
    for (uint32_t& limb : result.limbs_) {
      chunk += limb * scale;
      limb = static_cast<uint32_t>(chunk);
      chunk >>= kLimbBits;
    }
    if (chunk != 0) result.limbs_.push_back(static_cast<uint32_t>(chunk));
  }
  return result;
}

Integer Integer::from_limbs(std::vector<uint32_t> limbs) {
  Integer result;
  result.limbs_ = std::move(limbs);
  result.trim();
  return result;
}

size_t Integer::bits() const {
  return limbs_.empty() ? 0 : limbs_.size() * kLimbBits - static_cast<size_t>(std::countl_zero(limbs_.back()));
}

std::optional<int64_t> Integer::to_int64() const {
  if (bits() > 63) return std::nullopt;
  uint64_t magnitude = 0;
  for (size_t i = limbs_.size(); i-- > 0;) magnitude = magnitude << kLimbBits | limbs_[i];
  return is_negative_ ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
}

uint64_t Integer::modulo(uint64_t modulus) const {
  unsigned __int128 rest = 0;
  for (size_t i = limbs_.size(); i-- > 0;) rest = (rest << kLimbBits | limbs_[i]) % modulus;
  const uint64_t result = static_cast<uint64_t>(rest);
  return is_negative_ && result != 0 ? modulus - result : result;
}

Integer Integer::operator-() const {
  Integer result = *this;
  result.is_negative_ = !is_negative_ && !is_zero();
  return result;
}

Integer Integer::operator+(const Integer& other) const {
  Integer result;
  if (is_negative_ == other.is_negative_) {
    result.limbs_ = sum(limbs_, other.limbs_);
    result.is_negative_ = is_negative_;
  } else {
    const bool is_other_larger = compare_magnitudes(limbs_, other.limbs_) < 0;
    result.limbs_ = is_other_larger ? difference(other.limbs_, limbs_) : difference(limbs_, other.limbs_);
    result.is_negative_ = is_other_larger ? other.is_negative_ : is_negative_;
  }
  result.trim();
  return result;
}

Integer Integer::operator*(const Integer& other) const {
  Integer result;
  result.limbs_.assign(limbs_.size() + other.limbs_.size(), 0);
  for (size_t i = 0; i < limbs_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < other.limbs_.size(); ++j) {
      carry += uint64_t{limbs_[i]} * other.limbs_[j] + result.limbs_[i + j];
      result.limbs_[i + j] = static_cast<uint32_t>(carry);
      carry >>= kLimbBits;
    }
    result.limbs_[i + other.limbs_.size()] = static_cast<uint32_t>(carry);
  }
  result.is_negative_ = is_negative_ != other.is_negative_;
  result.trim();
  return result;
}

std::strong_ordering Integer::operator<=>(const Integer& other) const {
  if (is_negative_ != other.is_negative_)
    return is_negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  return is_negative_ ? compare_magnitudes(other.limbs_, limbs_) : compare_magnitudes(limbs_, other.limbs_);
}

Integer::Division Integer::divide(const Integer& numerator, const Integer& denominator) {
  LOCKSTEP_CHECK(!denominator.is_zero(), "division by zero");
  Division result;
  if (compare_magnitudes(numerator.limbs_, denominator.limbs_) < 0) {
    result.remainder = numerator;
    return result;
  }
  if (denominator.limbs_.size() == 1) {
    result.quotient.limbs_ = numerator.limbs_;
    result.remainder.limbs_ = {divide_small(result.quotient.limbs_, denominator.limbs_[0])};
  } else {
    const int shift = std::countl_zero(denominator.limbs_.back());
    Limbs rest = shifted_left(numerator.limbs_, shift), divisor = shifted_left(denominator.limbs_, shift);
    divisor.pop_back();
    result.quotient.limbs_ = long_division(rest, divisor);
    for (size_t i = 0; i < rest.size(); ++i) {
      const uint64_t above = i + 1 < rest.size() ? rest[i + 1] : 0;
      rest[i] = static_cast<uint32_t>((above << kLimbBits | rest[i]) >> shift);
    }
    result.remainder.limbs_ = std::move(rest);
  }
  result.quotient.is_negative_ = numerator.is_negative_ != denominator.is_negative_;
  result.remainder.is_negative_ = numerator.is_negative_;
  result.quotient.trim();
  result.remainder.trim();
  return result;
}

void Integer::trim() {
  while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
  if (limbs_.empty()) is_negative_ = false;
}

Integer absolute(const Integer& value) { return value.is_negative() ? -value : value; }

Integer power(const Integer& base, uint64_t exponent) {
  Integer result = 1, square = base;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = result * square;
    if (exponent > 1) square = square * square;
  }
  return result;
}

Integer root_floor(const Integer& value, uint32_t index) {
  Integer low = 0, high = power(2, value.bits() / index + 1);
  while (high - low > Integer(1)) {
    const Integer middle = Integer::divide(low + high, 2).quotient;
    (power(middle, index) <= value ? low : high) = middle;
  }
  return low;
}

}  // namespace lockstep::rewards::math
