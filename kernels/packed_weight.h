// SPDX-License-Identifier: Apache-2.0
// A weight rearranged for our CPU kernels; internal to the native forms.
#pragma once

#include <variant>

#include "kernels/cpu/packed_matrix.h"
#include "kernels/tensor.h"

namespace lockstep::kernels {

struct PackedWeight {
  // Room for `value` [E, O, K] f32 or bf16.
  explicit PackedWeight(const Tensor& value) : matrices(make(value)) {}
  template <class T>
  cpu::PackedMatrix<T>& get() { return std::get<cpu::PackedMatrix<T>>(matrices); }
  template <class T>
  const cpu::PackedMatrix<T>& get() const { return std::get<cpu::PackedMatrix<T>>(matrices); }

 private:
  using Matrices = std::variant<cpu::PackedMatrix<float>, cpu::PackedMatrix<uint16_t>>;
  static Matrices make(const Tensor& value) {
    if (value.scalar_type() == at::kFloat) return cpu::PackedMatrix<float>(value.size(1), value.size(2), value.size(0));
    return cpu::PackedMatrix<uint16_t>(value.size(1), value.size(2), value.size(0));
  }
  Matrices matrices;
};

}  // namespace lockstep::kernels
