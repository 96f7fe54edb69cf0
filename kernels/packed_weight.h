// SPDX-License-Identifier: Apache-2.0
// A weight rearranged for our CPU kernels; internal to the native forms.
#pragma once

#include <variant>

#include "kernels/cpu/packed_matrix.h"
#include "kernels/cpu/packed_q8.h"
#include "kernels/linear.h"
#include "kernels/tensor.h"

namespace lockstep::kernels {

class PackedWeight {
 public:
  // Room for `value` [E, O, K] f32 or bf16.
  PackedWeight(const Tensor& value, WeightFormat format) : matrices_(make(value, format)) {}

  // Calls work with the matrices, which multiply rows of T: the weight's own type, or Q8_0.
  template <class T>
  void visit(const auto& work) const {
    if (const auto* quantised = std::get_if<cpu::PackedQ8Matrix>(&matrices_))
      work(*quantised);
    else
      work(std::get<cpu::PackedMatrix<T>>(matrices_));
  }
  // Takes over the values of some panels of matrix `index`.
  template <class T>
  void pack(const cpu::MatrixView<T>& values, int64_t index, cpu::PanelRange range) {
    if (auto* quantised = std::get_if<cpu::PackedQ8Matrix>(&matrices_))
      quantised->pack(values, index, range);
    else
      std::get<cpu::PackedMatrix<T>>(matrices_).pack(values, index, range);
  }

 private:
  using Matrices = std::variant<cpu::PackedMatrix<float>, cpu::PackedMatrix<uint16_t>, cpu::PackedQ8Matrix>;
  static Matrices make(const Tensor& value, WeightFormat format) {
    const int64_t n = value.size(1), k = value.size(2), count = value.size(0);
    if (format == WeightFormat::q8_0) return cpu::PackedQ8Matrix(n, k, count);
    if (value.scalar_type() == at::kFloat) return cpu::PackedMatrix<float>(n, k, count);
    return cpu::PackedMatrix<uint16_t>(n, k, count);
  }
  Matrices matrices_;
};

}  // namespace lockstep::kernels
