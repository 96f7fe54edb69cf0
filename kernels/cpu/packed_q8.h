// SPDX-License-Identifier: Apache-2.0
// Weights quantised to 8 bits and rearranged for the matrix products: GGUF's Q8_0 by its numbers, panels by its layout.
#pragma once

#include <cstdint>

#include "kernels/cpu/aligned_words.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/matrix_view.h"
#include "kernels/cpu/packed_matrix.h"

namespace lockstep::kernels::cpu {

// One matrix of a PackedQ8Matrix: what the products take.
struct PackedQ8View {
  const uint8_t* panels = nullptr;
  int64_t n = 0, k = 0;
};

// `count` stacked matrices W [N, K] of a linear layer y = x W^T. Of each output, every 32 places k from a multiple of 32 on
// (the last ones maybe fewer) share a scale:
//   d = max|w| / 127 in f32, kept as f16;  q = round(w * (1 / d)) with the f32 d, ties away from zero, -127..127
// as in ggml's quantize_row_q8_0_ref; a weight is then f32(d) * q, which f32 holds exactly. If the f16 is 0 so are the q.
// Denormal weights are zeros. 1.0625 bytes a weight where K is a multiple of 32; layout: kernels/cpu/q8_layout.h, the same
// for every instruction set, aligned to 64 bytes.
class PackedQ8Matrix {
 public:
  PackedQ8Matrix(int64_t n, int64_t k, int64_t count = 1);

  // Quantises the weights [N, K], f32 or bf16, of matrix `index`, or the given panels of it. Disjoint panels may be packed
  // at the same time. Throws Error for a weight that is not finite or whose d would be infinite as f16 (beyond 8.3e6); the
  // panels that were to be packed are then unspecified.
  template <class T>
  void pack(const MatrixView<T>& weights, int64_t index = 0, PanelRange range = {}, Isa isa = cpu::isa());

  // Writes the weights that the products use, f32 or rounded to bf16, of matrix `index`, or of the given panels of it:
  // weight (n, k) to weights[n * row_stride + k].
  template <class T>
  void unpack(T* weights, int64_t row_stride, int64_t index = 0, PanelRange range = {}, Isa isa = cpu::isa()) const;

  int64_t n() const { return n_; }
  int64_t k() const { return k_; }
  int64_t count() const { return count_; }
  int64_t num_panels() const { return (n_ + kPanelOutputs - 1) / kPanelOutputs; }  // of one matrix
  PackedQ8View at(int64_t index) const;
  operator PackedQ8View() const { return at(0); }  // NOLINT(google-explicit-constructor): a product takes either

 private:
  int64_t bytes_per_panel() const;
  int64_t bytes_per_matrix() const { return num_panels() * bytes_per_panel(); }

  int64_t n_, k_, count_;
  AlignedWords words_;
};

}  // namespace lockstep::kernels::cpu
