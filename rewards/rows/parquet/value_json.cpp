// SPDX-License-Identifier: Apache-2.0
// Values by physical and logical type.
#include "rewards/rows/parquet/value_json.h"

#include <array>
#include <cmath>

#include "base/text.h"

namespace lockstep::rewards::rows::parquet {
namespace {

using base::Json;

std::string padded(int64_t value, size_t digits) {
  std::string text = std::to_string(value);
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  return text;
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// The proleptic Gregorian calendar, in eras of 400 years that begin on the first of March, so that the leap day comes last.
std::string date_text(int64_t days_since_1970) {
  const int64_t days = days_since_1970 + 719'468;  // since 0000-03-01
  const int64_t era = floor_div(days, 146'097), day_of_era = days - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t march_month = (5 * day_of_year + 2) / 153;
  const int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
  const int64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
  return cat(padded(year, 4), "-", padded(month, 2), "-", padded(day_of_year - (153 * march_month + 2) / 5 + 1, 2));
}

std::string timestamp_text(int64_t ticks, int64_t per_second, size_t digits) {
  const int64_t seconds = floor_div(ticks, per_second), days = floor_div(seconds, 86'400), of_day = seconds - days * 86'400;
  std::string text = cat(date_text(days), "T", padded(of_day / 3600, 2), ":", padded(of_day / 60 % 60, 2), ":", padded(of_day % 60, 2));
  if (const int64_t fraction = ticks - seconds * per_second; fraction != 0) {
    text += '.';
    text += padded(fraction, digits);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text;
}

Json real_json(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double half(std::string_view bytes) {
  const int bits = static_cast<uint8_t>(bytes[0]) | static_cast<uint8_t>(bytes[1]) << 8;
  const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  return sign * (exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25));
}

std::string uuid_text(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[static_cast<uint8_t>(bytes[i]) >> 4];
    text += kDigits[static_cast<uint8_t>(bytes[i]) & 15];
  }
  return text;
}

Json integer_json(int64_t value, const Leaf& leaf) {
  switch (leaf.logical) {
    case Logical::unsigned_int:
      return leaf.type == Physical::int32 ? Json(static_cast<uint32_t>(value)) : Json(static_cast<uint64_t>(value));
    case Logical::date:
      return date_text(value);
    case Logical::timestamp_ms:
      return timestamp_text(value, 1'000, 3);
    case Logical::timestamp_us:
      return timestamp_text(value, 1'000'000, 6);
    case Logical::timestamp_ns:
      return timestamp_text(value, 1'000'000'000, 9);
    default:
      return value;
  }
}

Json bytes_json(std::string_view bytes, const Leaf& leaf, const Place& place) {
  if (leaf.logical == Logical::float16 && bytes.size() == 2) return real_json(half(bytes));
  if (leaf.logical == Logical::uuid && bytes.size() == 16) return uuid_text(bytes);
  if (!base::is_utf8(bytes)) place.fail_unsupported("the column holds bytes that are no UTF-8");
  return std::string(bytes);
}

}  // namespace

Json value_json(const Value& value, const Leaf& leaf, const Place& place) {
  if (leaf.logical == Logical::decimal) place.fail_unsupported("the column holds decimals");
  switch (leaf.type) {
    case Physical::boolean:
      return value.integer != 0;
    case Physical::int32:
    case Physical::int64:
      return integer_json(value.integer, leaf);
    case Physical::real32:
    case Physical::real64:
      return real_json(value.real);
    case Physical::byte_array:
    case Physical::fixed_byte_array:
      return bytes_json(value.bytes, leaf, place);
    case Physical::int96:
      break;
  }
  place.fail_unsupported("the column holds INT96 timestamps");
}

}  // namespace lockstep::rewards::rows::parquet
