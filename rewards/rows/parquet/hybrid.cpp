// SPDX-License-Identifier: Apache-2.0
// parquet-format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid".
#include "rewards/rows/parquet/hybrid.h"

#include <algorithm>
#include <bit>

namespace lockstep::rewards::rows::parquet {

int bit_width_of(uint32_t largest) { return std::bit_width(largest); }

HybridReader::HybridReader(std::string_view bytes, int bit_width, const Place& place)
    : bytes_(bytes), bit_width_(bit_width), place_(&place) {
  if (bit_width < 0 || bit_width > 32) place.fail("packed values are wider than 32 bits");
}

uint64_t HybridReader::read_varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 35 && at_ < bytes_.size(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes_[at_++]);
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  place_->fail("packed values end too soon");
}

void HybridReader::start_run() {
  const uint64_t header = read_varint();
  is_packed_ = (header & 1) != 0;
  left_ = is_packed_ ? (header >> 1) * 8 : header >> 1;
  if (left_ == 0) place_->fail("a run of packed values is empty");
  if (is_packed_) {
    bit_ = 8 * at_;
    // The last run may claim more values than its bytes hold: those may not be asked for.
    const uint64_t claimed = left_ / 8 * static_cast<uint64_t>(bit_width_);
    at_ += std::min<uint64_t>(claimed, bytes_.size() - at_);
    return;
  }
  const auto num_bytes = static_cast<size_t>((bit_width_ + 7) / 8);
  if (num_bytes > bytes_.size() - at_) place_->fail("packed values end too soon");
  value_ = 0;
  for (size_t i = 0; i < num_bytes; ++i) value_ |= uint32_t{static_cast<uint8_t>(bytes_[at_++])} << (8 * i);
}

uint32_t HybridReader::next() {
  if (bit_width_ == 0) return 0;
  if (left_ == 0) start_run();
  --left_;
  if (!is_packed_) return value_;
  const auto width = static_cast<size_t>(bit_width_);
  if (bit_ + width > 8 * bytes_.size()) place_->fail("packed values end too soon");
  uint64_t bits = 0;
  const size_t first = bit_ / 8, last = (bit_ + width - 1) / 8;
  for (size_t i = first; i <= last; ++i) bits |= uint64_t{static_cast<uint8_t>(bytes_[i])} << (8 * (i - first));
  const auto value = static_cast<uint32_t>((bits >> (bit_ % 8)) & ((uint64_t{1} << width) - 1));
  bit_ += width;
  return value;
}

}  // namespace lockstep::rewards::rows::parquet
