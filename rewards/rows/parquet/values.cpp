// SPDX-License-Identifier: Apache-2.0
// Decoding values, each checked against the bytes that are left.
#include "rewards/rows/parquet/values.h"

#include <bit>

#include "base/text.h"

namespace lockstep::rewards::rows::parquet {
namespace {

uint64_t little_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = (value << 8) | static_cast<uint8_t>(bytes[i]);
  return value;
}

constexpr const char* kEncodingNames[] = {"PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED",
                                          "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"};

std::string encoding_name(int32_t encoding) {
  const bool is_known = encoding >= 0 && encoding < static_cast<int32_t>(std::size(kEncodingNames));
  return is_known ? kEncodingNames[encoding] : cat("number ", encoding);
}

}  // namespace

std::string_view PlainReader::take(size_t count) {
  if (count > bytes_.size()) place_->fail("a page has fewer values than it says");
  const std::string_view part = bytes_.substr(0, count);
  bytes_.remove_prefix(count);
  return part;
}

Value PlainReader::next() {
  switch (leaf_->type) {
    case Physical::boolean: {
      if (bit_ / 8 >= bytes_.size()) place_->fail("a page has fewer values than it says");
      const int64_t value = (static_cast<uint8_t>(bytes_[bit_ / 8]) >> (bit_ % 8)) & 1;
      ++bit_;
      return {.integer = value};
    }
    case Physical::int32:
      return {.integer = static_cast<int32_t>(little_endian(take(4)))};
    case Physical::int64:
      return {.integer = static_cast<int64_t>(little_endian(take(8)))};
    case Physical::real32:
      return {.real = std::bit_cast<float>(static_cast<uint32_t>(little_endian(take(4))))};
    case Physical::real64:
      return {.real = std::bit_cast<double>(little_endian(take(8)))};
    case Physical::int96:
      return {.bytes = take(12)};
    case Physical::byte_array:
      return {.bytes = take(little_endian(take(4)))};
    case Physical::fixed_byte_array:
      break;
  }
  if (leaf_->type_length <= 0) place_->fail("a column of fixed length has no length");
  return {.bytes = take(static_cast<size_t>(leaf_->type_length))};
}

std::vector<Value> read_dictionary(std::string_view bytes, int32_t num_values, const Leaf& leaf, const Place& place) {
  if (leaf.type == Physical::boolean) place.fail("booleans have a dictionary");
  // Every value takes a byte at least, texts four.
  if (static_cast<size_t>(num_values) > bytes.size()) place.fail("a dictionary has fewer values than it says");
  PlainReader reader(bytes, leaf, place);
  std::vector<Value> values;
  for (int32_t i = 0; i < num_values; ++i) values.push_back(reader.next());
  return values;
}

ValueReader::ValueReader(std::string_view bytes, int32_t encoding, const std::vector<Value>* dictionary, const Leaf& leaf, const Place& place)
    : plain_(bytes, leaf, place), dictionary_(nullptr), place_(&place) {
  const auto kind = static_cast<Encoding>(encoding);
  if (kind == Encoding::plain) return;
  if (kind == Encoding::rle && leaf.type == Physical::boolean) {
    if (bytes.size() < 4) place.fail("a page has fewer values than it says");
    indices_.emplace(bytes.substr(4), 1, place);
    return;
  }
  if (kind != Encoding::plain_dictionary && kind != Encoding::rle_dictionary) {
    place.fail_unsupported(cat("values are encoded as ", encoding_name(encoding)));
  }
  if (dictionary == nullptr) place.fail("a page needs a dictionary that is not there");
  dictionary_ = dictionary;
  // A page of nulls alone may have no bytes at all.
  if (!bytes.empty()) indices_.emplace(bytes.substr(1), static_cast<uint8_t>(bytes[0]), place);
}

Value ValueReader::next() {
  if (!indices_ && dictionary_ == nullptr) return plain_.next();
  if (!indices_) place_->fail("a page has fewer values than it says");
  const uint32_t index = indices_->next();
  if (dictionary_ == nullptr) return {.integer = index};
  if (index >= dictionary_->size()) place_->fail("a value is outside its dictionary");
  return (*dictionary_)[index];
}

}  // namespace lockstep::rewards::rows::parquet
