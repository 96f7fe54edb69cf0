// SPDX-License-Identifier: Apache-2.0
// What one instruction set does with 8-bit weights, on memory, for comparison.
#pragma once

#include <cstdint>

namespace lockstep::kernels::cpu {

// A line of a pair of places of 32 outputs, and the f16 scales of its first (v = 0) or last (v = 1) 16; words as the
// products' Kinds have them.
struct QuantsTable {
  void (*f32_words)(const uint16_t* scales, const uint8_t* line, int v, uint32_t* words);      // [2][16]: even, odd
  void (*widened_words)(const uint16_t* scales, const uint8_t* line, int v, uint32_t* words);  // [2][16]: odd, even
  void (*pair_words)(const uint16_t* scales, const uint8_t* line, int v, uint32_t* words);     // [16]
  void (*store)(const float* even, const float* odd, uint8_t* line);                           // [32] each
};

namespace scalar {
extern const QuantsTable quants_functions;
}
namespace avx2 {
extern const QuantsTable quants_functions;
}
namespace avx512f {
extern const QuantsTable quants_functions;
}
namespace avx512bf16 {
extern const QuantsTable quants_functions;
}

}  // namespace lockstep::kernels::cpu
