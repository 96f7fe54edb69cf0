// SPDX-License-Identifier: Apache-2.0
// How the matrix products see an operand: a pointer, sizes, strides, and maybe a list of rows.
#pragma once

#include <cstdint>

namespace lockstep::kernels::cpu {

// [rows, cols] of f32 (T = float) or bf16 bits (T = uint16_t). Strides count elements. No functions in here: this header
// is seen by code of every instruction set.
template <class T>
struct MatrixView {
  const T* data = nullptr;
  int64_t rows = 0, cols = 0;
  int64_t row_stride = 0, col_stride = 1;
  const int64_t* row_index = nullptr;  // [rows], or null: row r lies at data + row_index[r] * row_stride
};

}  // namespace lockstep::kernels::cpu
