// SPDX-License-Identifier: Apache-2.0
// Weights rearranged for the matrix products, once per version of the weights.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/cpu/aligned_words.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/matrix_view.h"

namespace lockstep::kernels::cpu {

inline constexpr int64_t kPanelOutputs = 64;

// Panels begin..end-1 of 64 outputs each; an end beyond the last panel means the last one. A way to share out work: no
// result depends on it.
struct PanelRange {
  int64_t begin = 0;
  int64_t end = std::numeric_limits<int64_t>::max();
};

// One matrix of a PackedMatrix: what the products take.
template <class T>
struct PackedView {
  const uint32_t* panels = nullptr;
  int64_t n = 0, k = 0;
};

// `count` stacked matrices W [N, K] of a linear layer y = x W^T, in one allocation. Panel p holds the outputs 64 p and
// following, outputs beyond N as zeros: f32 as [ceil(N/64)][K][64], bf16 as [ceil(N/64)][ceil(K/2)][64][2], where an odd K
// ends with a zero element. Storage is aligned to 64 bytes. The same for every instruction set.
template <class T>
class PackedMatrix {
 public:
  PackedMatrix(int64_t n, int64_t k, int64_t count = 1);

  // Takes over the weights [N, K] of matrix `index`, or the given panels of it. Disjoint panels may be packed at the same time.
  void pack(const MatrixView<T>& weights, int64_t index = 0, PanelRange range = {}, Isa isa = cpu::isa());

  int64_t n() const { return n_; }
  int64_t k() const { return k_; }
  int64_t count() const { return count_; }
  int64_t num_panels() const { return (n_ + kPanelOutputs - 1) / kPanelOutputs; }  // of one matrix
  PackedView<T> at(int64_t index) const;
  operator PackedView<T>() const { return at(0); }  // NOLINT(google-explicit-constructor): a product takes either

 private:
  int64_t words_per_matrix() const;

  int64_t n_, k_, count_;
  AlignedWords words_;
};

}  // namespace lockstep::kernels::cpu
