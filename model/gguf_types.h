// SPDX-License-Identifier: Apache-2.0
// The block formats of ggml that we read and write; internal to model/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lockstep::model {

// Numbered as in ggml.h.
enum class GgmlType : uint32_t { f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q8_0 = 8, q4_k = 12, q6_k = 14, bf16 = 30 };

struct GgmlLayout {
  int64_t block;  // elements of a block; rows are whole blocks
  size_t bytes;   // of a block
};

std::optional<GgmlType> ggml_type(uint32_t number);  // nullopt: not supported
std::string ggml_type_name(uint32_t number);         // also of types that we do not read, for Errors
GgmlLayout ggml_layout(GgmlType type);

// count elements (whole blocks) of a quantised type to f32: each value is exactly what ggml's scalar dequantisation gives
// (f32 operations in its order). Not for f32, f16 and bf16, which are copied as they are.
void dequantize(GgmlType type, const uint8_t* blocks, float* values, int64_t count);

// Q8_0: per 32 values the scale max|x| / 127 as f16 and round(x / scale), half away from zero, as in ggml's reference.
void quantize_q8_0(const float* values, uint8_t* blocks, int64_t count);

}  // namespace lockstep::model
