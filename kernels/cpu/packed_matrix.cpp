// SPDX-License-Identifier: Apache-2.0
// Weights rearranged for the matrix products: storage, and packing by the instruction set's code.
#include "kernels/cpu/packed_matrix.h"

#include <algorithm>
#include <type_traits>

#include "base/error.h"
#include "base/text.h"
#include "kernels/cpu/matmul_table.h"

namespace lockstep::kernels::cpu {
namespace {

template <class T>
int64_t words_per_output(int64_t k) {
  return std::is_same_v<T, float> ? k : (k + 1) / 2;
}

}  // namespace

template <class T>
PackedMatrix<T>::PackedMatrix(int64_t n, int64_t k, int64_t count) : n_(n), k_(k), count_(count) {
  constexpr int64_t kMost = int64_t{1} << 30;  // of each size, so that a product of two fits
  LOCKSTEP_CHECK(n >= 0 && k >= 0 && count >= 0 && n <= kMost && k <= kMost, cat(count, " x [", n, ", ", k, "]"));
  words_.at_least(static_cast<size_t>(count) * static_cast<size_t>(words_per_matrix()), /*is_streamed=*/true);
}

template <class T>
int64_t PackedMatrix<T>::words_per_matrix() const {
  return num_panels() * kPanelOutputs * words_per_output<T>(k_);
}

template <class T>
PackedView<T> PackedMatrix<T>::at(int64_t index) const {
  LOCKSTEP_CHECK(index >= 0 && index < count_, cat("matrix ", index, " of ", count_));
  return {words_.data() + index * words_per_matrix(), n_, k_};
}

template <class T>
void PackedMatrix<T>::pack(const MatrixView<T>& weights, int64_t index, PanelRange range, Isa isa) {
  LOCKSTEP_CHECK(weights.rows == n_ && weights.cols == k_,
                 cat("weights [", weights.rows, ", ", weights.cols, "] into [", n_, ", ", k_, "]"));
  LOCKSTEP_CHECK(index >= 0 && index < count_, cat("matrix ", index, " of ", count_));
  const int64_t begin = std::clamp<int64_t>(range.begin, 0, num_panels()),
                end = std::clamp(range.end, begin, num_panels());
  uint32_t* panels = words_.data() + index * words_per_matrix() + begin * kPanelOutputs * words_per_output<T>(k_);
  const PackJob<T> job{weights, panels, begin * kPanelOutputs, std::min(n_, end * kPanelOutputs)};
  if constexpr (std::is_same_v<T, float>)
    matmul_table(isa).pack_f32(job);
  else
    matmul_table(isa).pack_bf16(job);
}

template class PackedMatrix<float>;
template class PackedMatrix<uint16_t>;

}  // namespace lockstep::kernels::cpu
