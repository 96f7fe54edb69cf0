// SPDX-License-Identifier: Apache-2.0
// Tensors as the CPU kernels see them; internal to the native forms.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstddef>

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

inline cpu::MatmulOutput output(const Tensor& out, int64_t first_row = 0) {
  const int64_t skipped = first_row * out.stride(0);
  if (out.scalar_type() == at::kFloat) return cpu::MatmulOutput::f32(static_cast<float*>(out.mutable_data_ptr()) + skipped, out.stride(0));
  return cpu::MatmulOutput::bf16(static_cast<uint16_t*>(out.mutable_data_ptr()) + skipped, out.stride(0));
}

// Rows of a tensor from `row` on, for kernels that take bytes.
inline const void* row_of(const Tensor& x, int64_t row) {
  return static_cast<const std::byte*>(x.const_data_ptr()) + row * x.stride(0) * static_cast<int64_t>(x.element_size());
}
inline void* mutable_row_of(const Tensor& x, int64_t row) {
  return static_cast<std::byte*>(x.mutable_data_ptr()) + row * x.stride(0) * static_cast<int64_t>(x.element_size());
}

// Work on [rows, width], element by element or row by row: what a row becomes depends on no other.
template <class Work>
void for_row_parts(int64_t rows, int64_t width, Work&& work) {
  constexpr int64_t kElementCost = 64;  // of a function of one element, in products
  SharedWork::for_parts(rows, work, width * kElementCost);
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

// Rows of out from `first` on = a [M, K] b [K, N]. Shared out by rows: no other row's bits depend on one.
template <class T>
void multiply(const cpu::MatrixView<T>& a, const cpu::MatrixView<T>& b, const Tensor& out, int64_t first = 0) {
  const auto share = [&](int64_t begin, int64_t end) { cpu::matmul(cpu::some_rows(a, begin, end), b, output(out, first + begin)); };
  SharedWork::for_parts(a.rows, share, a.cols * b.cols);
}

// out [M, N] = a [M, K] b [K, N]; strides of a and b are free.
inline void multiply(const Tensor& a, const Tensor& b, const Tensor& out) {
  by_dtype(a, [&]<class T>() { multiply(view<T>(a), view<T>(b), out); });
}

}  // namespace lockstep::kernels::native
