// SPDX-License-Identifier: Apache-2.0
// The matrix products of the numeric contract: every output is one chain of fused multiply-adds.
#pragma once

#include <span>

#include "kernels/cpu/packed_matrix.h"
#include "kernels/cpu/packed_q8.h"

namespace lockstep::kernels::cpu {

// Rows [begin, end) of a view.
template <class T>
MatrixView<T> some_rows(MatrixView<T> x, int64_t begin, int64_t end) {
  x.rows = end - begin;
  if (x.row_index)
    x.row_index += begin;
  else
    x.data += begin * x.row_stride;
  return x;
}

// Where a product [M, N] goes: row-major, `row_stride` counts elements. `sum_into` continues each chain from the f32 that
// is there, `f32` and `bf16` overwrite.
struct MatmulOutput {
  static MatmulOutput f32(float* data, int64_t row_stride) { return {data, nullptr, row_stride, false, {}, 0}; }
  static MatmulOutput sum_into(float* data, int64_t row_stride) { return {data, nullptr, row_stride, true, {}, 0}; }
  static MatmulOutput bf16(uint16_t* data, int64_t row_stride) { return {nullptr, data, row_stride, false, {}, 0}; }

  float* sums;        // or null
  uint16_t* rounded;  // or null: each chain rounded once to bf16, to nearest even, denormals to zero
  int64_t row_stride;
  bool accumulates;
  PanelRange range;  // the outputs to compute, in panels of 64; nothing else is written
  int64_t
      first_column;  // the output that `sums` or `rounded` points at: not 0 for a buffer that holds only some panels
};

// C[m, n] = chain over k = 0..K-1, ascending, of acc = fma(A[m, k], B[k, n], acc), from 0 or from C[m, n]. So a chain that
// is cut along K and continued with sum_into has the bits of the whole.
//
// bf16 operands: K in ascending pairs, in each pair first the odd, then the even element, into an f32 acc: the semantics
// of AVX512-BF16's vdpbf16ps, https://www.felixcloutier.com/x86/vdpbf16ps. The missing element of an odd K is 0 in both
// operands. A bf16 chain may be cut at an even k only.
//
// Denormals are zero, in and out. With K = 0 the sums are 0, or what they were. The bits of a row depend on that row, B
// and K alone: not on the other rows, the panels, the instruction set or where the operands lie. NaNs are NaNs on every
// instruction set, with unspecified payloads.
//
//   a [M, K]: any strides; read in place if col_stride is 1 (bf16: and K even), else rearranged in blocks.
//   b: packed weights, or [K, N] with any strides, packed panel by panel on the way: dX = dY W is matmul(dY, W [N, K] as it
//      is), dW += dY^T X is matmul(dY with its strides swapped, X, sum_into).
// Single-threaded and re-entrant; scratch is thread-local and kept. Throws Error for sizes that do not fit together.
void matmul(const MatrixView<float>& a, const PackedView<float>& b, const MatmulOutput& c, Isa isa = cpu::isa());
void matmul(const MatrixView<uint16_t>& a, const PackedView<uint16_t>& b, const MatmulOutput& c, Isa isa = cpu::isa());
void matmul(const MatrixView<float>& a, const MatrixView<float>& b, const MatmulOutput& c, Isa isa = cpu::isa());
void matmul(const MatrixView<uint16_t>& a, const MatrixView<uint16_t>& b, const MatmulOutput& c, Isa isa = cpu::isa());

// With Q8_0 weights, q and d of kernels/cpu/packed_q8.h: the product above with weights d * q in f32, or rounded to bf16.
void matmul(const MatrixView<float>& a, const PackedQ8View& b, const MatmulOutput& c, Isa isa = cpu::isa());
void matmul(const MatrixView<uint16_t>& a, const PackedQ8View& b, const MatmulOutput& c, Isa isa = cpu::isa());

// Rows sorted by expert: rows offsets[e] .. offsets[e + 1] - 1 belong to matrix e.
template <class T>
struct GroupedRows {
  MatrixView<T> a;  // [M, K]; with row_index the rows are gathered as they are read (f32, and bf16 with K even)
  std::span<const int64_t> offsets;  // [E + 1], ascending, from 0 to M
};

// matmul of each expert's rows with that expert's matrix. c.range counts the panels of all experts, one after the other:
// panel p of expert e is e * b.num_panels() + p; c.first_column counts within an expert.
void grouped_matmul(const GroupedRows<float>& rows,
                    const PackedMatrix<float>& b,
                    const MatmulOutput& c,
                    Isa isa = cpu::isa());
void grouped_matmul(const GroupedRows<uint16_t>& rows,
                    const PackedMatrix<uint16_t>& b,
                    const MatmulOutput& c,
                    Isa isa = cpu::isa());
void grouped_matmul(const GroupedRows<float>& rows,
                    const PackedQ8Matrix& b,
                    const MatmulOutput& c,
                    Isa isa = cpu::isa());
void grouped_matmul(const GroupedRows<uint16_t>& rows,
                    const PackedQ8Matrix& b,
                    const MatmulOutput& c,
                    Isa isa = cpu::isa());

}  // namespace lockstep::kernels::cpu
