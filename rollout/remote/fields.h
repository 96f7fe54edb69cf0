// SPDX-License-Identifier: Apache-2.0
// What a list of fields is carried out with: one class writes the fields, its twin reads and checks them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/text.h"

namespace lockstep::rollout::remote {

using base::ByteReader;
using base::ByteWriter;
using base::Number;

// Both classes have the same functions, so that a list of fields is written once. `name` is the field's, for messages.
class FieldWriter {
 public:
  template <class T>
  using Ref = const T&;

  explicit FieldWriter(ByteWriter& writer) : writer_(writer) {}

  template <Number T>
  void number(const char* name, T value, T low, T high) {
    check(name, low <= value && value <= high);
    writer_.number(value);
  }
  template <Number T>
  void number(const char*, T value) {  // anything goes
    writer_.number(value);
  }
  void flag(const char*, bool value) { writer_.number(static_cast<uint8_t>(value)); }
  template <class Enum>
  void choice(const char* name, Enum value, Enum last) {
    number(name, static_cast<uint8_t>(value), uint8_t{0}, static_cast<uint8_t>(last));
  }
  void text(const char* name, const std::string& value, size_t max_bytes) {
    check(name, value.size() <= max_bytes);
    writer_.text(value);
  }
  // Text for people: what is too long is cut.
  void note(const char*, const std::string& value, size_t max_bytes) {
    writer_.text(std::string_view(value).substr(0, max_bytes));
  }
  template <size_t N>
  void array(const char*, const std::array<uint8_t, N>& value) {
    writer_.raw(value.data(), N);
  }
  template <Number T>
  void numbers(const char* name, const std::vector<T>& values, size_t min_count, size_t max_count) {
    check(name, min_count <= values.size() && values.size() <= max_count);
    writer_.numbers(values);
  }
  // `element(value)` writes one; each has `min_bytes` at least.
  template <class T, class Element>
  void list(const char* name, const std::vector<T>& values, size_t max_count, size_t, const Element& element) {
    check(name, values.size() <= max_count);
    writer_.count(values.size());
    for (const T& value : values) element(value);
  }
  void check(const char* name, bool is_right) {
    if (is_right) return;
    throw Error(
        cat("a message to a peer cannot be sent: ", name, " is out of its range"), "message to a peer",
        "bring the request or the configuration that it comes from within the limits of rollout/remote/frame.h");
  }

 private:
  ByteWriter& writer_;
};

class FieldReader {
 public:
  template <class T>
  using Ref = T&;

  explicit FieldReader(ByteReader& reader) : reader_(reader) {}

  template <Number T>
  void number(const char* name, T& value, T low, T high) {
    number(name, value);
    check(name, low <= value && value <= high);
  }
  template <Number T>
  void number(const char* name, T& value) {
    value = reader_.number<T>();
    check(name, true);
  }
  void flag(const char* name, bool& value) {
    uint8_t byte = 0;
    number(name, byte, uint8_t{0}, uint8_t{1});
    value = byte == 1;
  }
  template <class Enum>
  void choice(const char* name, Enum& value, Enum last) {
    uint8_t byte = 0;
    number(name, byte, uint8_t{0}, static_cast<uint8_t>(last));
    if (!reader_.has_failed()) value = static_cast<Enum>(byte);
  }
  void text(const char* name, std::string& value, size_t max_bytes) {
    value = reader_.text(max_bytes);
    check(name, true);
  }
  void note(const char* name, std::string& value, size_t max_bytes) { text(name, value, max_bytes); }
  template <size_t N>
  void array(const char* name, std::array<uint8_t, N>& value) {
    for (uint8_t& byte : value) byte = reader_.number<uint8_t>();
    check(name, true);
  }
  template <Number T>
  void numbers(const char* name, std::vector<T>& values, size_t min_count, size_t max_count) {
    values = reader_.numbers<T>(max_count);
    check(name, min_count <= values.size());
  }
  template <class T, class Element>
  void list(const char* name, std::vector<T>& values, size_t max_count, size_t min_bytes, const Element& element) {
    values.resize(reader_.count(max_count, min_bytes));
    for (T& value : values) {
      element(value);
      if (reader_.has_failed()) break;
    }
    check(name, true);
  }
  // The first field that is wrong or missing fails the reader.
  void check(const char* name, bool is_right) {
    if (!is_right) reader_.fail();
    if (reader_.has_failed() && bad_field_ == nullptr) bad_field_ = name;
  }
  const char* bad_field() const { return bad_field_; }

 private:
  ByteReader& reader_;
  const char* bad_field_ = nullptr;
};

}  // namespace lockstep::rollout::remote
