// SPDX-License-Identifier: Apache-2.0
// A small recursive reader; every step moves forward, so it is linear in the text.
#include "rewards/number.h"

#include <algorithm>
#include <string>

namespace lockstep::rewards {
namespace {

constexpr size_t kMaxDigits = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool is_at_end() const { return at_ == text_.size(); }

  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  // '-' gives true; '+' and no sign give false.
  bool take_minus() {
    if (take("-")) return true;
    take("+");
    return false;
  }

  // Digits, digit groups, a fraction part and an exponent; no sign.
  std::optional<Rational> decimal() {
    std::string digits = grouped_digits();
    int64_t exponent = 0;
    if (at_ < text_.size() && text_[at_] == '.') {
      const bool has_integer_part = !digits.empty();
      ++at_;
      const std::string_view fraction = run_of_digits();
      if (!has_integer_part && fraction.empty()) return std::nullopt;
      digits += fraction;
      exponent -= static_cast<int64_t>(fraction.size());
    }
    if (digits.empty()) return std::nullopt;
    if (!take_exponent(exponent)) return std::nullopt;
    const size_t shift = static_cast<size_t>(exponent < 0 ? -exponent : exponent);
    if (digits.size() > kMaxDigits || shift > kMaxDigits) return std::nullopt;
    const BigInt mantissa = BigInt::from_digits(digits), power = BigInt::power_of_ten(static_cast<int>(shift));
    return exponent < 0 ? Rational{mantissa, power} : Rational{mantissa * power, 1};
  }

  std::optional<Rational> latex_fraction() {
    if (!take("\\frac")) return std::nullopt;
    const std::optional<Rational> num = latex_argument(), den = num ? latex_argument() : std::nullopt;
    if (!den || den->num.is_zero()) return std::nullopt;
    return *num / *den;
  }

  // decimal, decimal/decimal, \frac, or a mixed number; no sign.
  std::optional<Rational> magnitude() {
    if (text_.substr(at_, 5) == "\\frac") return latex_fraction();
    std::optional<Rational> whole = decimal();
    if (!whole || is_at_end()) return whole;
    if (take("/")) return over(*whole);
    if (text_.substr(at_, 5) == "\\frac" || text_.substr(at_, 6) == " \\frac") {
      take(" ");
      const std::optional<Rational> part = latex_fraction();
      return part && whole->den == BigInt(1) ? std::optional(*whole + *part) : std::nullopt;
    }
    if (at_ + 1 < text_.size() && text_[at_] == ' ' && is_digit(text_[at_ + 1])) {
      take(" ");
      const std::optional<Rational> num = decimal();
      if (!num || !take("/")) return std::nullopt;
      const std::optional<Rational> part = over(*num);
      return part && whole->den == BigInt(1) ? std::optional(*whole + *part) : std::nullopt;
    }
    return whole;
  }

 private:
  std::string_view run_of_digits() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // "1,234,567": groups of three after a first one of at most three that does not begin with 0.
  std::string grouped_digits() {
    std::string digits(run_of_digits());
    if (digits.empty() || digits.size() > 3 || digits[0] == '0' || at_ == text_.size()) return digits;
    const char separator = text_[at_];
    if (separator != ',' && separator != ' ') return digits;
    while (at_ + 3 < text_.size() && text_[at_] == separator) {
      const std::string_view group = text_.substr(at_ + 1, 3);
      const bool is_group = std::all_of(group.begin(), group.end(), is_digit);
      if (!is_group || (at_ + 4 < text_.size() && is_digit(text_[at_ + 4]))) break;
      digits += group;
      at_ += 4;
    }
    return digits;
  }

  // Adds "e-3" to `exponent`. False when it is malformed or absurdly large.
  bool take_exponent(int64_t& exponent) {
    if (!take("e") && !take("E")) return true;
    const bool is_negative = take_minus();
    const std::string_view digits = run_of_digits();
    if (digits.empty() || digits.size() > 4) return false;
    const int64_t value = std::stoll(std::string(digits));
    exponent += is_negative ? -value : value;
    return true;
  }

  std::optional<Rational> over(const Rational& num) {
    const std::optional<Rational> den = decimal();
    if (!den || den->num.is_zero()) return std::nullopt;
    return num / *den;
  }

  // {signed decimal} or one digit.
  std::optional<Rational> latex_argument() {
    skip_spaces();
    if (at_ < text_.size() && is_digit(text_[at_])) return Rational{text_[at_++] - '0', 1};
    if (!take("{")) return std::nullopt;
    skip_spaces();
    const bool is_negative = take_minus();
    std::optional<Rational> value = decimal();
    skip_spaces();
    if (!value || !take("}")) return std::nullopt;
    if (is_negative) value->num = -value->num;
    return value;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<Number> parse_number(std::string_view text) {
  if (text.size() > 2 * kMaxDigits) return std::nullopt;
  Reader reader(text);
  const bool is_negative = reader.take_minus();
  reader.skip_spaces();
  std::optional<Rational> value = reader.magnitude();
  if (!value) return std::nullopt;
  if (is_negative) value->num = -value->num;
  reader.skip_spaces();
  const bool is_percent = reader.take("%");
  if (!reader.is_at_end()) return std::nullopt;
  return Number{*value, is_percent};
}

bool numbers_equal(const Number& a, const Number& b) {
  if (a.value == b.value) return true;
  if (a.is_percent == b.is_percent) return false;
  const Rational hundred{100, 1};
  return a.is_percent ? a.value == b.value * hundred : a.value * hundred == b.value;
}

}  // namespace lockstep::rewards
