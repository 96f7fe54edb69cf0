// SPDX-License-Identifier: Apache-2.0
// What each instruction set implements of the matrix products; kernels/cpu/matmul.cpp checks and dispatches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/matrix_view.h"

namespace lockstep::kernels::cpu {

// The product of rows with the outputs column_begin .. column_end - 1, where column_begin is a multiple of 64.
template <class T>
struct MatmulJob {
  MatrixView<T> a;         // [M, K]
  const uint32_t* panels;  // packed B from its first panel on, or
  const uint8_t* quants;   // the same in Q8_0, or both are null, and then
  MatrixView<T> b;         // [K, N]
  int64_t column_begin, column_end;
  float* sums;        // [M, N], element (0, column_begin), or
  uint16_t* rounded;  // the same
  int64_t c_stride;
  bool accumulates;
};

// Fills `panels` with the panels of outputs output_begin .. output_end - 1, where output_begin is a multiple of 64.
template <class T>
struct PackJob {
  MatrixView<T> weights;  // [N, K]
  uint32_t* panels;
  int64_t output_begin, output_end;
};

struct MatmulTable {
  void (*f32)(const MatmulJob<float>&);
  void (*bf16)(const MatmulJob<uint16_t>&);
  void (*pack_f32)(const PackJob<float>&);
  void (*pack_bf16)(const PackJob<uint16_t>&);
};

const MatmulTable& matmul_table(Isa isa);

// One of the calling thread's buffers, of at least `words` 32-bit words, aligned to 64 bytes; it only grows.
enum class MatmulScratch { rows, panel, sums };
uint32_t* matmul_scratch(MatmulScratch which, int64_t words);

}  // namespace lockstep::kernels::cpu
