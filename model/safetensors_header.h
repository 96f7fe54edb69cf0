// SPDX-License-Identifier: Apache-2.0
// The header of a safetensors file, checked completely before anything is read by it; internal to model/.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::model {

constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;  // bytes, as in the reference implementation
constexpr size_t kMaxTensors = 1'000'000;
constexpr size_t kMaxTensorName = 4096;  // bytes
constexpr size_t kMaxRank = 16;

struct SafetensorsEntry {
  std::string name;
  at::ScalarType dtype;
  std::vector<int64_t> shape;
  uint64_t begin, end;  // byte offsets in the file
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of their data; they cover it without hole or overlap
  std::map<std::string, std::string> metadata;
};

// `file` is the whole file. Throws Error with the path, the tensor and the byte offset on anything that the
// format does not allow: so that an entry that is returned can be read without further checks.
SafetensorsHeader parse_safetensors_header(std::span<const uint8_t> file, const std::string& path);

// Refuses empty names, control characters and names above kMaxTensorName bytes.
void check_tensor_name(const std::string& name, const std::string& where);
// Number of elements, or nullopt when it does not fit into 63 bits (even if a dimension is 0) or a dimension
// is negative.
std::optional<uint64_t> checked_num_elements(const std::vector<int64_t>& shape);

// "BF16" <-> at::kBFloat16; nullopt for a type that the format or we do not know.
std::optional<at::ScalarType> safetensors_dtype(std::string_view name);
std::optional<std::string> safetensors_dtype_name(at::ScalarType dtype);

}  // namespace lockstep::model
