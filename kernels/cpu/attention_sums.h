// SPDX-License-Identifier: Apache-2.0
// Weighted sums of rows in register tiles: what attention makes of probabilities and their gradients.
#pragma once

#include "kernels/cpu/attention_dots.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// out[i] = fma(weight(i, t), x[t], out[i]) for t = begin[i] .. end[i] - 1 ascending, where weight(i, t) =
// weights[i * row_stride + t * step_stride].
template <class Element>
struct WeightedSum {
  float* const* out;
  const Element* const* x;
  const float* weights;
  int64_t row_stride, step_stride;
  const int* begin;  // nullptr: all begin at 0
  const int* end;
  const float* rescale;  // nullptr, or out[i] is first multiplied by rescale[i]: only where all begin at 0
};

// R rows by C vectors, or by one vector's first `tail` elements. Not inlined, as score_rows.
template <int R, int C, bool kTail, class Element>
__attribute__((noinline)) void sum_tile(
    const WeightedSum<Element>& s, int row, int64_t column, int begin, int end, const float* rescale, int tail) {
  static_assert(!kTail || C == 1);
  Lanes sums[R * C];
#pragma GCC unroll 16
  for (int i = 0; i < R * C; ++i) {
    const float* from = s.out[row + i / C] + column + i % C * kVector;
    sums[i] = kTail ? Lanes::load_first(from, tail) : Lanes::load(from);
    if (rescale) sums[i] = sums[i] * Lanes::broadcast(rescale[row + i / C]);
  }
  const float* weights = s.weights + row * s.row_stride;
  for (int t = begin; t < end; ++t) {
    const Element* from = s.x[t] + column;
    Lanes x[C];
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) x[c] = kTail ? load_lanes(from, tail) : load_lanes(from + c * kVector);
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) {
      const Lanes weight = Lanes::broadcast(weights[i * s.row_stride + t * s.step_stride]);
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) sums[i * C + c] = fma(weight, x[c], sums[i * C + c]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < R * C; ++i) {
    float* to = s.out[row + i / C] + column + i % C * kVector;
    kTail ? sums[i].store_first(to, tail) : sums[i].store(to);
  }
}

// The steps that all rows have in common, at least one, as a tile; the others one row at a time.
template <int R, int C, bool kTail, class Element>
inline void sum_ragged(const WeightedSum<Element>& s, int row, int64_t column, int tail) {
  const auto begin_of = [&](int i) { return s.begin ? s.begin[row + i] : 0; };
  int begin = begin_of(0), end = s.end[row];
  for (int i = 1; i < R; ++i) {
    begin = begin_of(i) > begin ? begin_of(i) : begin;
    end = s.end[row + i] < end ? s.end[row + i] : end;
  }
  for (int i = 0; i < R; ++i)
    if (begin_of(i) < begin) sum_tile<1, C, kTail>(s, row + i, column, begin_of(i), begin, nullptr, tail);
  sum_tile<R, C, kTail>(s, row, column, begin, end, s.rescale, tail);
  for (int i = 0; i < R; ++i)
    if (s.end[row + i] > end) sum_tile<1, C, kTail>(s, row + i, column, end, s.end[row + i], nullptr, tail);
}

template <int C, bool kTail, class Element>
inline void sum_columns(const WeightedSum<Element>& s, int num_rows, int64_t column, int tail = 0) {
  int row = 0;
  for (; row + kTileSide <= num_rows; row += kTileSide) sum_ragged<kTileSide, C, kTail>(s, row, column, tail);
  if constexpr (kTileSide > 3)
    if (num_rows - row == 3) return sum_ragged<3, C, kTail>(s, row, column, tail);
  if constexpr (kTileSide > 2)
    if (num_rows - row == 2) return sum_ragged<2, C, kTail>(s, row, column, tail);
  if (num_rows - row == 1) sum_ragged<1, C, kTail>(s, row, column, tail);
}

// The weighted sums of the elements column .. column_end - 1 of rows.
template <class Element>
inline void sum_block(const WeightedSum<Element>& s, int num_rows, int64_t column, int64_t column_end) {
  constexpr int kWide = kTileSide;
  for (; column + kWide * kVector <= column_end; column += kWide * kVector)
    sum_columns<kWide, false>(s, num_rows, column);
  if constexpr (kWide > 2)
    for (; column + 2 * kVector <= column_end; column += 2 * kVector) sum_columns<2, false>(s, num_rows, column);
  for (; column + kVector <= column_end; column += kVector) sum_columns<1, false>(s, num_rows, column);
  if (column < column_end) sum_columns<1, true>(s, num_rows, column, static_cast<int>(column_end - column));
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
