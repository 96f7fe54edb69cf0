// SPDX-License-Identifier: Apache-2.0
// Weights quantised to 8 bits: storage, the choice of the instruction set, and the Error of a weight without a scale.
#include "kernels/cpu/packed_q8.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>

#include "base/error.h"
#include "base/text.h"
#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/half.h"
#include "kernels/cpu/q8_layout.h"
#include "kernels/cpu/quantize_table.h"

namespace lockstep::kernels::cpu {
namespace scalar {
extern const QuantizeTable quantize_functions;
}
namespace avx2 {
extern const QuantizeTable quantize_functions;
}
namespace avx512f {
extern const QuantizeTable quantize_functions;
}
namespace avx512bf16 {
extern const QuantizeTable quantize_functions;
}

const QuantizeTable& quantize_table(Isa isa) {
  return table_of(isa, scalar::quantize_functions, avx2::quantize_functions, avx512f::quantize_functions,
                  avx512bf16::quantize_functions);
}

namespace {

float as_float(float x) { return x; }
float as_float(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

bool has_scale(float weight) { return std::isfinite(from_half(to_half(std::fabs(weight) / 127.0f))); }

// Names the first weight of the outputs that has no scale.
template <class T>
[[noreturn]] void refuse(const QuantizeJob<T>& job, int64_t index) {
  for (int64_t row = job.output_begin; row < job.output_end; ++row) {
    const int64_t line = job.weights.row_index ? job.weights.row_index[row] : row;
    for (int64_t col = 0; col < job.weights.cols; ++col) {
      const float w = as_float(job.weights.data[line * job.weights.row_stride + col * job.weights.col_stride]);
      if (!has_scale(w))
        throw Error(cat("a weight of ", w, " cannot be quantised to Q8_0"),
                    cat("matrix ", index, ", row ", row, ", column ", col),
                    "give finite weights of magnitudes below 8.3e6, or keep this model in f32 or bf16");
    }
  }
  LOCKSTEP_CHECK(false, "weights without a scale that changed while they were packed");
}

struct Outputs {
  int64_t begin, end;
};

Outputs outputs_of(const PackedQ8Matrix& matrix, PanelRange range) {
  const int64_t begin = std::clamp<int64_t>(range.begin, 0, matrix.num_panels()),
                end = std::clamp(range.end, begin, matrix.num_panels());
  return {begin * kPanelOutputs, std::min(matrix.n(), end * kPanelOutputs)};
}

}  // namespace

PackedQ8Matrix::PackedQ8Matrix(int64_t n, int64_t k, int64_t count) : n_(n), k_(k), count_(count) {
  constexpr int64_t kMost = int64_t{1} << 30;  // of each size, so that a product of two fits
  LOCKSTEP_CHECK(n >= 0 && k >= 0 && count >= 0 && n <= kMost && k <= kMost, cat(count, " x [", n, ", ", k, "]"));
  words_.at_least(static_cast<size_t>(count) * static_cast<size_t>(bytes_per_matrix()) / sizeof(uint32_t));
}

int64_t PackedQ8Matrix::bytes_per_panel() const { return q8_blocks(k_) * kQ8BlockBytes; }

PackedQ8View PackedQ8Matrix::at(int64_t index) const {
  LOCKSTEP_CHECK(index >= 0 && index < count_, cat("matrix ", index, " of ", count_));
  return {reinterpret_cast<const uint8_t*>(words_.data()) + index * bytes_per_matrix(), n_, k_};
}

template <class T>
void PackedQ8Matrix::pack(const MatrixView<T>& weights, int64_t index, PanelRange range, Isa isa) {
  LOCKSTEP_CHECK(weights.rows == n_ && weights.cols == k_,
                 cat("weights [", weights.rows, ", ", weights.cols, "] into [", n_, ", ", k_, "]"));
  const Outputs outputs = outputs_of(*this, range);
  const int64_t offset = at(index).panels - at(0).panels + outputs.begin / kPanelOutputs * bytes_per_panel();
  const QuantizeJob<T> job{weights, reinterpret_cast<uint8_t*>(words_.data()) + offset, outputs.begin, outputs.end};
  const bool is_packed = [&] {
    const FloatMode mode;
    if constexpr (std::is_same_v<T, float>)
      return quantize_table(isa).f32(job);
    else
      return quantize_table(isa).bf16(job);
  }();
  if (!is_packed) refuse(job, index);
}

template <class T>
void PackedQ8Matrix::unpack(T* weights, int64_t row_stride, int64_t index, PanelRange range, Isa isa) const {
  const Outputs outputs = outputs_of(*this, range);
  const uint8_t* panels = at(index).panels + outputs.begin / kPanelOutputs * bytes_per_panel();
  const DequantizeJob<T> job{panels, k_, weights + outputs.begin * row_stride, row_stride, outputs.begin, outputs.end};
  const FloatMode mode;
  if constexpr (std::is_same_v<T, float>)
    quantize_table(isa).to_f32(job);
  else
    quantize_table(isa).to_bf16(job);
}

template void PackedQ8Matrix::pack(const MatrixView<float>&, int64_t, PanelRange, Isa);
template void PackedQ8Matrix::pack(const MatrixView<uint16_t>&, int64_t, PanelRange, Isa);
template void PackedQ8Matrix::unpack(float*, int64_t, int64_t, PanelRange, Isa) const;
template void PackedQ8Matrix::unpack(uint16_t*, int64_t, int64_t, PanelRange, Isa) const;

}  // namespace lockstep::kernels::cpu
