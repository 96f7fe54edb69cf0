// SPDX-License-Identifier: Apache-2.0
// Comparing outputs by bytes, lines and tokens.
#include "rewards/code/compare.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/text.h"

namespace lockstep::rewards::code {
namespace {

constexpr std::string_view kBlank = " \t\r\n\v\f";
constexpr int64_t kMaxExponent = 1'000'000;

// A decimal number without what does not change it: digits * 10^exponent, no zeros at either end.
struct Decimal {
  bool is_negative = false;
  std::string digits;  // "" is 0
  int64_t exponent = 0;
  bool operator==(const Decimal&) const = default;
};

std::optional<int64_t> parse_exponent(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole && std::abs(value) <= kMaxExponent ? std::optional(value) : std::nullopt;
}

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal number;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    number.is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    const auto exponent = parse_exponent(text.substr(e + 1));
    if (!exponent) return std::nullopt;
    number.exponent = *exponent;
    text = text.substr(0, e);
  }
  const size_t point = text.find('.');
  number.digits = std::string(text.substr(0, point));
  if (point != std::string_view::npos) {
    number.digits += text.substr(point + 1);
    number.exponent -= static_cast<int64_t>(text.size() - point - 1);
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (number.digits.empty() || !std::all_of(number.digits.begin(), number.digits.end(), is_digit)) return std::nullopt;
  const size_t end = number.digits.find_last_not_of('0');
  if (end == std::string::npos) return Decimal{};
  number.exponent += static_cast<int64_t>(number.digits.size() - 1 - end);
  number.digits = number.digits.substr(0, end + 1);
  number.digits.erase(0, number.digits.find_first_not_of('0'));
  return number;
}

std::optional<double> parse_double(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool tokens_equal(std::string_view got, std::string_view expected, double tolerance) {
  if (got == expected) return true;
  const auto wanted = parse_decimal(expected);
  if (!wanted) return false;
  const auto number = parse_decimal(got);
  if (!number) return false;
  if (*number == *wanted) return true;
  if (tolerance <= 0) return false;
  const auto a = parse_double(got), b = parse_double(expected);
  return a && b && std::abs(*a - *b) <= tolerance * std::max(1.0, std::abs(*b));
}

std::string_view strip(std::string_view text) {
  const size_t start = text.find_first_not_of(kBlank);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlank) + 1 - start);
}

// Takes the next piece of `text` up to one of `separators`; without `keep_empty` runs of them count once.
std::optional<std::string_view> take(std::string_view& text, std::string_view separators, bool keep_empty) {
  if (!keep_empty) text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
  if (text.empty()) return std::nullopt;
  const size_t end = std::min(text.find_first_of(separators), text.size());
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return piece;
}

bool all_tokens_equal(std::string_view got, std::string_view expected, double tolerance) {
  for (;;) {
    const auto a = take(got, kBlank, false), b = take(expected, kBlank, false);
    if (!a || !b) return !a && !b;
    if (!tokens_equal(*a, *b, tolerance)) return false;
  }
}

bool lines_equal(std::string_view got, std::string_view expected, double tolerance) {
  got = strip(got);
  expected = strip(expected);
  for (;;) {
    const auto a = take(got, "\n", true), b = take(expected, "\n", true);
    if (!a || !b) return !a && !b;
    if (strip(*a) != strip(*b) && !all_tokens_equal(*a, *b, tolerance)) return false;
  }
}

}  // namespace

bool outputs_equal(std::string_view got, std::string_view expected, const OutputRule& rule) {
  if (rule.compare == "exact") return got == expected;
  if (rule.compare == "tokens") return all_tokens_equal(got, expected, rule.tolerance);
  return lines_equal(got, expected, rule.tolerance);
}

}  // namespace lockstep::rewards::code
