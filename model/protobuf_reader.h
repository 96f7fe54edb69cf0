// SPDX-License-Identifier: Apache-2.0
// Bounded walk over protobuf's wire format: every length is checked against its message before anything is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::model {

// Reads one message, field after field:
//
//   ProtobufReader reader(bytes, origin);
//   while (reader.next()) {
//     if (reader.field() == 1) name = reader.bytes();
//   }
//
// A field that is not fetched is skipped. Truncated or overlong values, groups and field number 0 throw an Error whose
// `where` is "origin, byte N".
class ProtobufReader {
 public:
  // `base` is added to the byte offsets in Errors, for messages inside messages.
  ProtobufReader(std::string_view message, std::string origin, size_t base = 0);

  bool next();                             // moves to the next field; false at the end of the message
  uint32_t field() const { return field_; }
  size_t offset() const { return base_ + value_at_; }  // where the value of the current field begins

  // The current field's value; the wire type must fit (Error otherwise).
  uint64_t varint() const;
  bool boolean() const { return varint() != 0; }
  float float32() const;
  std::string_view bytes() const;          // string, bytes or a nested message; a view into the message
  ProtobufReader message() const { return ProtobufReader(bytes(), origin_, offset()); }

 private:
  enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  uint64_t read_varint();
  void need(size_t bytes) const;
  void expect(WireType type) const;
  [[noreturn]] void fail(const std::string& what) const;

  std::string_view message_;
  std::string origin_;
  size_t base_ = 0;
  size_t at_ = 0;        // first byte not read yet
  size_t value_at_ = 0;  // first byte of the current value (behind its length)
  size_t value_bytes_ = 0;
  uint64_t number_ = 0;  // varint value
  uint32_t field_ = 0;
  uint32_t type_ = 0;
};

}  // namespace lockstep::model
