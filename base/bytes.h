// SPDX-License-Identifier: Apache-2.0
// Numbers and lists as little-endian bytes, and back with every length checked against the bytes that are there.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lockstep::base {

static_assert(std::endian::native == std::endian::little, "lists of numbers are copied as they lie in memory");

// What travels as its own bytes: integers of 8 to 64 bits, f32 and f64. Floats keep every bit, also those of a NaN.
template <class T>
concept Number = (std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>;

// Appends to a string. Lengths are u32 counts in front of what they count.
class ByteWriter {
 public:
  template <Number T>
  void number(T value) {
    raw(&value, sizeof value);
  }
  void text(std::string_view value);  // Error above 2^32 - 1 bytes
  template <Number T>
  void numbers(const std::vector<T>& values) {
    count(values.size());
    raw(values.data(), values.size() * sizeof(T));
  }
  void count(size_t value);  // Error above 2^32 - 1
  void raw(const void* data, size_t bytes) { bytes_.append(static_cast<const char*>(data), bytes); }

  void reserve(size_t bytes) { bytes_.reserve(bytes); }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads bytes of a stranger. Once something is missing or above its maximum the reader has failed for good: everything
// read from then on is zero or empty, nothing is allocated, and is_whole() is false. It throws nothing.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <Number T>
  T number() {
    T value{};
    const std::string_view bytes = take(sizeof value);
    if (has_failed_) return T{};
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string text(size_t max_bytes);
  template <Number T>
  std::vector<T> numbers(size_t max_count) {
    const size_t size = count(max_count, sizeof(T));
    std::vector<T> values(size);
    const std::string_view bytes = take(size * sizeof(T));  // count has checked that they are there
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  // A count of elements of at least `min_bytes` (>= 1) each: fails unless so many bytes are left.
  size_t count(size_t max_count, size_t min_bytes);

  void fail() { has_failed_ = true, rest_ = {}; }
  bool has_failed() const { return has_failed_; }
  // Everything was there, and nothing is left over.
  bool is_whole() const { return !has_failed_ && rest_.empty(); }

 private:
  std::string_view take(size_t bytes);  // empty when it fails

  std::string_view rest_;
  bool has_failed_ = false;
};

}  // namespace lockstep::base
