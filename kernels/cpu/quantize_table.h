// SPDX-License-Identifier: Apache-2.0
// What each instruction set implements of the 8-bit weights; kernels/cpu/packed_q8.cpp checks and dispatches.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/matrix_view.h"

namespace lockstep::kernels::cpu {

// Outputs output_begin .. output_end - 1, where output_begin is a multiple of 64.
template <class T>
struct QuantizeJob {
  MatrixView<T> weights;  // [N, K]
  uint8_t* panels;        // from output_begin on
  int64_t output_begin, output_end;
};

template <class T>
struct DequantizeJob {
  const uint8_t* panels;  // from output_begin on
  int64_t k;
  T* weights;  // [N, K], element (output_begin, 0)
  int64_t row_stride;
  int64_t output_begin, output_end;
};

struct QuantizeTable {
  // Whether every weight has a finite scale; if not, the panels are unspecified.
  bool (*f32)(const QuantizeJob<float>&);
  bool (*bf16)(const QuantizeJob<uint16_t>&);
  void (*to_f32)(const DequantizeJob<float>&);
  void (*to_bf16)(const DequantizeJob<uint16_t>&);
};

const QuantizeTable& quantize_table(Isa isa);

}  // namespace lockstep::kernels::cpu
