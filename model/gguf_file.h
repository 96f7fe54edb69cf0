// SPDX-License-Identifier: Apache-2.0
// The metadata and the tensor list of a GGUF file (versions 2 and 3, little-endian), checked completely; internal to model/.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "model/gguf_types.h"

namespace lockstep::model {

// Integers of every width are int64_t (u64 above 2^63 - 1: double), floats are double.
using GgufValue = std::
    variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::vector<double>, std::vector<std::string>>;

struct GgufTensor {
  std::string name;
  std::vector<int64_t> shape;  // as torch has it: the fastest dimension last (the file stores it first)
  GgmlType type;
  uint64_t begin, bytes;  // in the file
};

struct GgufFile {
  std::unordered_map<std::string, GgufValue> metadata;
  std::vector<GgufTensor> tensors;  // in file order; data are inside the file and do not overlap
};

constexpr size_t kGgufMaxMetadata = size_t{256} << 20;  // bytes before the data
constexpr uint32_t kGgufMaxRank = 4;                    // as in ggml
constexpr uint64_t kGgufMaxKey = 65535;                 // bytes
constexpr uint64_t kGgufMaxAlignment = 1 << 16;

// `file` is the whole file. Throws Error with the path, the key or tensor and the byte offset. Every count and length is
// checked against the bytes that are left before anything is allocated by it.
GgufFile parse_gguf(std::span<const uint8_t> file, const std::string& path);

}  // namespace lockstep::model
