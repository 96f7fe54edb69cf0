// SPDX-License-Identifier: Apache-2.0
// What one instruction set does with 8-bit weights, on memory, for comparison.
#pragma once

#include <cstdint>

namespace lockstep::kernels::cpu {

// 16 outputs: f16 scales, pairs of bytes [16][2]; words as the products' Kinds have them.
struct QuantsTable {
  void (*f32_words)(const uint16_t* scales, const uint8_t* pairs, uint32_t* words);      // [2][16]: even, odd
  void (*widened_words)(const uint16_t* scales, const uint8_t* pairs, uint32_t* words);  // [2][16]: odd, even
  void (*pair_words)(const uint16_t* scales, const uint8_t* pairs, uint32_t* words);     // [16]
  void (*store)(const float* even, const float* odd, uint8_t* pairs);
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
