// SPDX-License-Identifier: Apache-2.0
// The wire format: a varint tag (field number, wire type) before each value.
// https://protobuf.dev/programming-guides/encoding
#include "model/protobuf_reader.h"

#include <bit>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::model {

ProtobufReader::ProtobufReader(std::string_view message, std::string origin, size_t base)
    : message_(message), origin_(std::move(origin)), base_(base) {}

void ProtobufReader::fail(const std::string& what) const {
  throw Error(cat("protobuf is not valid: ", what), cat(origin_, ", byte ", base_ + at_),
              "the file is damaged or of another kind: fetch it again");
}

void ProtobufReader::need(size_t bytes) const {
  if (bytes > message_.size() - at_) {
    fail(cat("a value of ", bytes, " bytes where ", message_.size() - at_, " are left"));
  }
}

uint64_t ProtobufReader::read_varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    need(1);
    const auto byte = static_cast<uint8_t>(message_[at_++]);
    if (shift == 63 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  fail("a number of more than 64 bits");
}

bool ProtobufReader::next() {
  if (at_ == message_.size()) return false;
  const uint64_t tag = read_varint();
  type_ = static_cast<uint32_t>(tag & 7);
  if (tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF) fail(cat("field number ", tag >> 3));
  field_ = static_cast<uint32_t>(tag >> 3);
  value_at_ = at_;
  switch (type_) {
    case kVarint:
      number_ = read_varint();
      return true;
    case kFixed64: value_bytes_ = 8; break;
    case kFixed32: value_bytes_ = 4; break;
    case kBytes: {
      value_bytes_ = read_varint();
      value_at_ = at_;
      break;
    }
    default: fail(cat("wire type ", type_));
  }
  need(value_bytes_);
  at_ += value_bytes_;
  return true;
}

void ProtobufReader::expect(WireType type) const {
  if (type_ != type) fail(cat("field ", field_, " has wire type ", type_, ", expected ", static_cast<uint32_t>(type)));
}

uint64_t ProtobufReader::varint() const {
  expect(kVarint);
  return number_;
}

float ProtobufReader::float32() const {
  expect(kFixed32);
  uint32_t bits = 0;
  for (size_t i = 0; i < 4; ++i) {
    bits |= static_cast<uint32_t>(static_cast<uint8_t>(message_[value_at_ + i])) << (8 * i);
  }
  return std::bit_cast<float>(bits);
}

std::string_view ProtobufReader::bytes() const {
  expect(kBytes);
  return message_.substr(value_at_, value_bytes_);
}

}  // namespace lockstep::model
