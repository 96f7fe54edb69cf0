// SPDX-License-Identifier: Apache-2.0
// The lanes' word operations of one instruction set, on memory, for comparison.
#pragma once

#include <cstdint>

namespace lockstep::kernels::cpu {

// All pointers are to 16 words, those of transpose_words to 16 rows of 16.
struct PairsTable {
  void (*odd_of_pairs)(const uint32_t* a, uint32_t* to);
  void (*even_of_pairs)(const uint32_t* a, uint32_t* to);
  void (*pairs_of)(const uint32_t* even, const uint32_t* odd, uint32_t* to);
  void (*swap_neighbours)(const uint32_t* a, uint32_t* to);
  void (*broadcast_word)(const void* word, uint32_t* to);
  void (*transpose_words)(const uint32_t* from, uint32_t* to);
  void (*pair_dot)(const uint32_t* sum, const uint32_t* a, const uint32_t* b, uint32_t* to);
};

namespace scalar {
extern const PairsTable pairs_functions;
}
namespace avx2 {
extern const PairsTable pairs_functions;
}
namespace avx512f {
extern const PairsTable pairs_functions;
}
namespace avx512bf16 {
extern const PairsTable pairs_functions;
}

}  // namespace lockstep::kernels::cpu
