// SPDX-License-Identifier: Apache-2.0
// Tensors as the CPU kernels see them; internal to the native forms.
#pragma once

#include <c10/core/ScalarType.h>

#include "kernels/cpu/dtype.h"
#include "kernels/cpu/matmul.h"
#include "kernels/shared_work.h"
#include "kernels/tensor.h"

namespace lockstep::kernels::native {

// Calls work with float or uint16_t (bf16 bits) as its template argument, by the tensor's dtype.
template <class Work>
void by_dtype(const Tensor& x, Work&& work) {
  if (x.scalar_type() == at::kFloat)
    work.template operator()<float>();
  else
    work.template operator()<uint16_t>();
}

inline cpu::Dtype dtype_of(const Tensor& x) { return x.scalar_type() == at::kFloat ? cpu::Dtype::f32 : cpu::Dtype::bf16; }

// A matrix with any strides.
template <class T>
cpu::MatrixView<T> view(const Tensor& x) {
  return {static_cast<const T*>(x.const_data_ptr()), x.size(0), x.size(1), x.stride(0), x.stride(1), nullptr};
}

inline cpu::MatmulOutput output(const Tensor& out) {
  if (out.scalar_type() == at::kFloat) return cpu::MatmulOutput::f32(static_cast<float*>(out.mutable_data_ptr()), out.stride(0));
  return cpu::MatmulOutput::bf16(static_cast<uint16_t*>(out.mutable_data_ptr()), out.stride(0));
}

// out [M, N] = a [M, K] times packed weights transposed: N outputs from `first` on, a multiple of the panels' width.
template <class T>
void multiply_packed(const cpu::MatrixView<T>& a, const auto& b, const Tensor& out, int64_t first = 0) {
  const int64_t first_panel = first / cpu::kPanelOutputs, end_panel = (first + out.size(1) + cpu::kPanelOutputs - 1) / cpu::kPanelOutputs;
  SharedWork::for_parts(end_panel - first_panel, [&](int64_t begin, int64_t end) {
    auto c = output(out);
    c.range = {first_panel + begin, first_panel + end};
    c.first_column = first;
    cpu::matmul(a, b.at(0), c);
  });
}

// out [M, N] = a [M, K] b [K, N]; strides of a and b are free.
inline void multiply(const Tensor& a, const Tensor& b, const Tensor& out) {
  by_dtype(a, [&]<class T>() { cpu::matmul(view<T>(a), view<T>(b), output(out)); });
}

}  // namespace lockstep::kernels::native
