// SPDX-License-Identifier: Apache-2.0
// The values of one page: plain, by dictionary, or booleans as runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "rewards/rows/parquet/hybrid.h"
#include "rewards/rows/parquet/metadata.h"
#include "rewards/rows/parquet/schema.h"

namespace lockstep::rewards::rows::parquet {

// One value; which member holds depends on the physical type.
struct Value {
  int64_t integer = 0;         // boolean, int32, int64
  double real = 0;             // real32, real64
  std::string_view bytes = {};  // byte_array, fixed_byte_array, int96; points into its page
};

class PlainReader {
 public:
  PlainReader(std::string_view bytes, const Leaf& leaf, const Place& place) : bytes_(bytes), leaf_(&leaf), place_(&place) {}
  Value next();  // Error when the bytes end

 private:
  std::string_view take(size_t count);
  std::string_view bytes_;
  const Leaf* leaf_;
  const Place* place_;
  size_t bit_ = 0;  // of booleans
};

// All values of a dictionary page, which is plain.
std::vector<Value> read_dictionary(std::string_view bytes, int32_t num_values, const Leaf& leaf, const Place& place);

class ValueReader {
 public:
  // `dictionary` may be null when the encoding needs none. Error for an encoding that is not read.
  ValueReader(std::string_view bytes, int32_t encoding, const std::vector<Value>* dictionary, const Leaf& leaf, const Place& place);
  Value next();

 private:
  PlainReader plain_;
  std::optional<HybridReader> indices_ = {};  // into the dictionary, or booleans
  const std::vector<Value>* dictionary_;
  const Place* place_;
};

}  // namespace lockstep::rewards::rows::parquet
