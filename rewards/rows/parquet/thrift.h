// SPDX-License-Identifier: Apache-2.0
// Thrift's compact protocol, as far as Parquet's footer and page headers need it: a cursor that never leaves its bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "rewards/rows/parquet/place.h"

namespace lockstep::rewards::rows::parquet {

enum class ThriftType : uint8_t { stop, yes, no, byte, i16, i32, i64, real, binary, list, set, map, structure };

class ThriftReader {
 public:
  ThriftReader(std::string_view bytes, const Place& place) : bytes_(bytes), place_(place) {}
  size_t position() const { return at_; }

  // Calls `field` for each field of a struct, which takes its value and returns true, or leaves it and returns false: then it is
  // skipped. Error on bytes that end too soon, unknown types, structs nested deeper than 32.
  void read_struct(const std::function<bool(int id, ThriftType type)>& field);
  // Calls `item` for each item of a list of `type` items. Error when it is a list of something else, or longer than its bytes.
  void read_list(ThriftType field_type, ThriftType item_type, const std::function<void()>& item);

  int64_t read_integer(ThriftType type);  // byte, i16, i32, i64
  int32_t read_int32(ThriftType type);
  bool read_bool(ThriftType type);
  std::string read_text(ThriftType type);

 private:
  uint8_t read_byte();
  uint64_t read_varint();
  void expect(ThriftType type, ThriftType expected) const;
  void skip(ThriftType type);
  void skip_item(int type);
  void skip_items(bool is_map);
  void skip_bytes(uint64_t count);
  std::string_view bytes_;
  const Place& place_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace lockstep::rewards::rows::parquet
