// SPDX-License-Identifier: Apache-2.0
// Parquet's hybrid of run lengths and packed bits, one value at a time: memory does not grow with what a run claims.
#pragma once

#include <cstdint>
#include <string_view>

#include "rewards/rows/parquet/place.h"

namespace lockstep::rewards::rows::parquet {

class HybridReader {
 public:
  // Values of `bit_width` bits, 0 to 32. Of width 0 every value is 0 and no bytes are needed.
  HybridReader(std::string_view bytes, int bit_width, const Place& place);
  uint32_t next();  // Error when the bytes end

 private:
  void start_run();
  uint64_t read_varint();
  std::string_view bytes_;
  int bit_width_;
  const Place* place_;
  size_t at_ = 0;          // next byte
  uint64_t left_ = 0;      // values of the run
  bool is_packed_ = false;
  uint32_t value_ = 0;     // of a run of equal values
  size_t bit_ = 0;         // of a packed run: next bit, from the start of bytes_
};

// Bits that hold every number up to `largest`.
int bit_width_of(uint32_t largest);

}  // namespace lockstep::rewards::rows::parquet
