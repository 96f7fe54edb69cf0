// SPDX-License-Identifier: Apache-2.0
// Schoolbook arithmetic on limbs of nine decimal digits.
#include "rewards/rational.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards {
namespace {

constexpr uint32_t kBase = 1'000'000'000;
constexpr size_t kBaseDigits = 9;
constexpr size_t kMaxLimbs = 40'000 / kBaseDigits;

using Limbs = std::vector<uint32_t>;

bool is_less(const Limbs& a, const Limbs& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

Limbs sum(const Limbs& a, const Limbs& b) {
  Limbs result;
  uint32_t carry = 0;
  for (size_t i = 0; i < std::max(a.size(), b.size()) || carry != 0; ++i) {
    const uint32_t digit = (i < a.size() ? a[i] : 0) + (i < b.size() ? b[i] : 0) + carry;
    result.push_back(digit % kBase);
    carry = digit / kBase;
  }
  return result;
}

// a - b for a >= b; may leave leading zeros.
Limbs difference(const Limbs& a, const Limbs& b) {
  Limbs result = a;
  uint32_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const uint32_t subtrahend = (i < b.size() ? b[i] : 0) + borrow;
    borrow = a[i] < subtrahend ? 1 : 0;
    result[i] = a[i] + borrow * kBase - subtrahend;
  }
  return result;
}

}  // namespace

BigInt::BigInt(int64_t value) : is_negative_(value < 0) {
  uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  for (; magnitude != 0; magnitude /= kBase) limbs_.push_back(static_cast<uint32_t>(magnitude % kBase));
}

BigInt BigInt::from_digits(std::string_view digits) {
  BigInt result;
  for (size_t end = digits.size(); end > 0;) {
    const size_t begin = end > kBaseDigits ? end - kBaseDigits : 0;
    uint32_t limb = 0;
    for (char c : digits.substr(begin, end - begin)) {
      LOCKSTEP_CHECK(c >= '0' && c <= '9', "digits only");
      limb = limb * 10 + static_cast<uint32_t>(c - '0');
    }
    result.limbs_.push_back(limb);
    end = begin;
  }
  result.trim();
  return result;
}

BigInt BigInt::power_of_ten(int exponent) {
  LOCKSTEP_CHECK(exponent >= 0, cat("10^", exponent));
  return from_digits(cat("1", std::string(static_cast<size_t>(exponent), '0')));
}

BigInt BigInt::operator-() const {
  BigInt result = *this;
  result.is_negative_ = !is_negative_ && !is_zero();
  return result;
}

BigInt BigInt::operator+(const BigInt& other) const {
  BigInt result;
  if (is_negative_ == other.is_negative_) {
    result.limbs_ = sum(limbs_, other.limbs_);
    result.is_negative_ = is_negative_;
  } else {
    const bool is_other_larger = is_less(limbs_, other.limbs_);
    result.limbs_ = is_other_larger ? difference(other.limbs_, limbs_) : difference(limbs_, other.limbs_);
    result.is_negative_ = is_other_larger ? other.is_negative_ : is_negative_;
  }
  result.trim();
  return result;
}

BigInt BigInt::operator*(const BigInt& other) const {
  LOCKSTEP_CHECK(limbs_.size() + other.limbs_.size() <= kMaxLimbs, "the product has too many digits");
  BigInt result;
  result.limbs_.assign(limbs_.size() + other.limbs_.size(), 0);
  for (size_t i = 0; i < limbs_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < other.limbs_.size() || carry != 0; ++j) {
      const uint64_t factor = j < other.limbs_.size() ? other.limbs_[j] : 0;
      const uint64_t digit = result.limbs_[i + j] + limbs_[i] * factor + carry;
      result.limbs_[i + j] = static_cast<uint32_t>(digit % kBase);
      carry = digit / kBase;
    }
  }
  result.is_negative_ = is_negative_ != other.is_negative_;
  result.trim();
  return result;
}

void BigInt::trim() {
  while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
  if (limbs_.empty()) is_negative_ = false;
}

Rational operator+(const Rational& a, const Rational& b) { return {a.num * b.den + b.num * a.den, a.den * b.den}; }
Rational operator-(const Rational& a, const Rational& b) { return {a.num * b.den - b.num * a.den, a.den * b.den}; }
Rational operator*(const Rational& a, const Rational& b) { return {a.num * b.num, a.den * b.den}; }
Rational operator/(const Rational& a, const Rational& b) {
  LOCKSTEP_CHECK(!b.num.is_zero(), "division by zero");
  return {a.num * b.den, a.den * b.num};
}
bool operator==(const Rational& a, const Rational& b) { return a.num * b.den == b.num * a.den; }

}  // namespace lockstep::rewards
