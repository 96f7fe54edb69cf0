// SPDX-License-Identifier: Apache-2.0
// Thrift's compact protocol.
#include "rewards/rows/parquet/thrift.h"

#include <limits>

namespace lockstep::rewards::rows::parquet {
namespace {

constexpr int kMaxDepth = 32;

int64_t zigzag(uint64_t value) { return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1); }

}  // namespace

uint8_t ThriftReader::read_byte() {
  if (at_ == bytes_.size()) place_.fail("the metadata ends too soon", at_);
  return static_cast<uint8_t>(bytes_[at_++]);
}

uint64_t ThriftReader::read_varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = read_byte();
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  place_.fail("a number of the metadata is longer than 64 bits", at_);
}

void ThriftReader::expect(ThriftType type, ThriftType expected) const {
  if (type != expected) place_.fail("a field of the metadata has another type than it should", at_);
}

void ThriftReader::read_struct(const std::function<bool(int id, ThriftType type)>& field) {
  if (++depth_ > kMaxDepth) place_.fail("the metadata is nested deeper than 32", at_);
  int64_t id = 0;
  for (;;) {
    const uint8_t header = read_byte();
    if (header == 0) break;
    if ((header & 0x0F) > static_cast<uint8_t>(ThriftType::structure)) place_.fail("a field of the metadata has no known type", at_);
    const auto type = static_cast<ThriftType>(header & 0x0F);
    id = (header >> 4) != 0 ? id + (header >> 4) : zigzag(read_varint());
    if (id < 0 || id > std::numeric_limits<int16_t>::max()) place_.fail("a field of the metadata has no valid number", at_);
    if (!field(static_cast<int>(id), type)) skip(type);
  }
  --depth_;
}

void ThriftReader::read_list(ThriftType field_type, ThriftType item_type, const std::function<void()>& item) {
  expect(field_type, ThriftType::list);
  const uint8_t header = read_byte();
  uint64_t count = header >> 4;
  if (count == 15) count = read_varint();
  expect(static_cast<ThriftType>(header & 0x0F), item_type);
  // Each item takes a byte at least.
  if (count > bytes_.size() - at_) place_.fail("a list of the metadata is longer than its bytes", at_);
  for (uint64_t i = 0; i < count; ++i) item();
}

int64_t ThriftReader::read_integer(ThriftType type) {
  if (type == ThriftType::byte) return static_cast<int8_t>(read_byte());
  if (type != ThriftType::i16 && type != ThriftType::i32) expect(type, ThriftType::i64);
  return zigzag(read_varint());
}

int32_t ThriftReader::read_int32(ThriftType type) {
  const int64_t value = read_integer(type);
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    place_.fail("a number of the metadata is beyond 32 bits", at_);
  }
  return static_cast<int32_t>(value);
}

bool ThriftReader::read_bool(ThriftType type) {
  if (type != ThriftType::no) expect(type, ThriftType::yes);
  return type == ThriftType::yes;
}

std::string ThriftReader::read_text(ThriftType type) {
  expect(type, ThriftType::binary);
  const uint64_t size = read_varint();
  if (size > bytes_.size() - at_) place_.fail("a text of the metadata is longer than its bytes", at_);
  const std::string_view text = bytes_.substr(at_, size);
  at_ += size;
  return std::string(text);
}

void ThriftReader::skip_bytes(uint64_t count) {
  if (count > bytes_.size() - at_) place_.fail("the metadata ends too soon", at_);
  at_ += count;
}

// In lists and maps a boolean takes a byte; in a field its type says it all.
void ThriftReader::skip_item(int type) {
  const bool is_bool = type == static_cast<int>(ThriftType::yes) || type == static_cast<int>(ThriftType::no);
  is_bool ? skip_bytes(1) : skip(static_cast<ThriftType>(type));
}

void ThriftReader::skip_items(bool is_map) {
  if (++depth_ > kMaxDepth) place_.fail("the metadata is nested deeper than 32", at_);
  const uint8_t header = is_map ? uint8_t{0xF0} : read_byte();
  const uint64_t count = header >> 4 == 15 ? read_varint() : header >> 4;
  const uint8_t types = is_map && count > 0 ? read_byte() : header;
  if (count > bytes_.size() - at_) place_.fail("a list of the metadata is longer than its bytes", at_);
  for (uint64_t i = 0; i < count; ++i) {
    if (is_map) skip_item(types >> 4);
    skip_item(types & 0x0F);
  }
  --depth_;
}

void ThriftReader::skip(ThriftType type) {
  switch (type) {
    case ThriftType::yes:
    case ThriftType::no:
      return;
    case ThriftType::byte:
      return skip_bytes(1);
    case ThriftType::i16:
    case ThriftType::i32:
    case ThriftType::i64:
      read_varint();
      return;
    case ThriftType::real:
      return skip_bytes(8);
    case ThriftType::binary:
      return skip_bytes(read_varint());
    case ThriftType::list:
    case ThriftType::set:
      return skip_items(false);
    case ThriftType::map:
      return skip_items(true);
    case ThriftType::structure:
      return read_struct([](int, ThriftType) { return false; });
    default:
      place_.fail("a field of the metadata has no known type", at_);
  }
}

}  // namespace lockstep::rewards::rows::parquet
