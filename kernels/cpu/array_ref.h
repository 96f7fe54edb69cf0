// SPDX-License-Identifier: Apache-2.0
// Rows of f32 or bf16 elements, read and written one at a time: how the reference kernels see their arguments.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"
#include "kernels/cpu/math_ref.h"

namespace lockstep::kernels::cpu {

struct ConstArrayRef {
  const void* data;
  Dtype dtype;
  int64_t stride;  // between rows, in elements

  float at(int64_t row, int64_t column) const {
    const int64_t i = row * stride + column;
    return dtype == Dtype::f32 ? static_cast<const float*>(data)[i]
                               : from_bf16_ref(static_cast<const uint16_t*>(data)[i]);
  }
};

struct ArrayRef {
  void* data;
  Dtype dtype;
  int64_t stride;

  float at(int64_t row, int64_t column) const { return ConstArrayRef{data, dtype, stride}.at(row, column); }
  void put(int64_t row, int64_t column, float x) const {
    const int64_t i = row * stride + column;
    if (dtype == Dtype::f32)
      static_cast<float*>(data)[i] = x;
    else
      static_cast<uint16_t*>(data)[i] = to_bf16_ref(x);
  }
};

}  // namespace lockstep::kernels::cpu
