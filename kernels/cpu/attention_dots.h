// SPDX-License-Identifier: Apache-2.0
// Dot products of rows in register tiles: the scores of attention.
#pragma once

#include <cstring>

#include "kernels/cpu/lanes.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr int kVector = Lanes::kCount;
// A square of so many accumulators and what one step reads fit in the registers.
inline constexpr int kTileSide = kRegisters == 32 ? 4 : 2;

inline Lanes load_lanes(const float* p) { return Lanes::load(p); }
inline Lanes load_lanes(const uint16_t* p) { return Lanes::load_bf16(p); }
inline Lanes load_lanes(const float* p, int n) { return Lanes::load_first(p, n); }
inline Lanes load_lanes(const uint16_t* p, int n) { return Lanes::load_first_bf16(p, n); }

// A row of f32 or bf16 elements as f32, filled up with zeros to whole vectors.
template <class Element>
inline void load_row(const Element* from, int64_t dim, float* to) {
  int64_t d = 0;
  for (; d + kVector <= dim; d += kVector) load_lanes(from + d).store(to + d);
  if (d < dim) load_lanes(from + d, static_cast<int>(dim - d)).store(to + d);
}

// Partial sums of R x K dot products into partial[r * K + k]. The rows q + r * q_stride are filled up to whole vectors.
template <int R, int K, class Element>
__attribute__((always_inline)) inline void partial_dots(
    const float* q, int64_t q_stride, const Element* const* keys, int64_t dim, Lanes* partial) {
  Lanes sums[R * K];
  const Element* k[K];
#pragma GCC unroll 16
  for (int i = 0; i < R * K; ++i) sums[i] = Lanes::zero();
#pragma GCC unroll 16
  for (int j = 0; j < K; ++j) k[j] = keys[j];
  const auto step = [&](int64_t d, const auto& load_key) {
    Lanes rows[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) rows[r] = Lanes::load(q + r * q_stride + d);
#pragma GCC unroll 16
    for (int j = 0; j < K; ++j) {
      const Lanes key = load_key(k[j] + d);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) sums[r * K + j] = fma(rows[r], key, sums[r * K + j]);
    }
  };
  int64_t d = 0;
  for (; d + kVector <= dim; d += kVector) step(d, [](const Element* p) { return load_lanes(p); });
  if (d < dim) step(d, [n = static_cast<int>(dim - d)](const Element* p) { return load_lanes(p, n); });
#pragma GCC unroll 16
  for (int i = 0; i < R * K; ++i) partial[i] = sums[i];
}

// scores[r * stride + k] = dot(q_r, keys[k]) * scale for R rows and the next 16 / R keys (4 for R = 3).
template <int R, class Element>
__attribute__((always_inline)) inline void score_tile(const float* q,
                                                      int64_t q_stride,
                                                      const Element* const* keys,
                                                      int64_t dim,
                                                      float scale,
                                                      float* scores,
                                                      int64_t stride) {
  constexpr int K = R == 3 ? 4 : kVector / R;
  // Tiles of tiles, where the registers hold fewer sums than one reduction takes.
  constexpr int R1 = R % kTileSide == 0 ? kTileSide : 1,
                K1 = kTileSide * kTileSide / R1 < K ? kTileSide * kTileSide / R1 : K;
  Lanes partial[kVector];
  if constexpr (R * K <= kTileSide * kTileSide) {
    partial_dots<R, K>(q, q_stride, keys, dim, partial);
  } else {
    for (int r = 0; r < R; r += R1)
      for (int k = 0; k < K; k += K1) {
        Lanes some[R1 * K1];
        partial_dots<R1, K1>(q + r * q_stride, q_stride, keys + k, dim, some);
        for (int i = 0; i < R1; ++i)
          for (int j = 0; j < K1; ++j) partial[(r + i) * K + k + j] = some[i * K1 + j];
      }
  }
#pragma GCC unroll 16
  for (int i = R * K; i < kVector; ++i) partial[i] = Lanes::zero();
  float t[kVector];
  (sums_of(partial) * Lanes::broadcast(scale)).store(t);
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) std::memcpy(scores + r * stride, t + r * K, K * sizeof(float));
}

// A function of its own: inlined into a large one, g++ 12 keeps the sums in memory.
template <int R, class Element, class Between>
__attribute__((noinline)) void score_rows(const float* q,
                                          int64_t q_stride,
                                          const Element* const* keys,
                                          int num_keys,
                                          int64_t dim,
                                          float scale,
                                          float* scores,
                                          int64_t stride,
                                          Between& between) {
  constexpr int K = R == 3 ? 4 : kVector / R;
  for (int k = 0; k < num_keys; k += K) {
    score_tile<R>(q, q_stride, keys + k, dim, scale, scores + k, stride);
    between();
  }
}

// Dot products of rows with the keys of a block, times scale. Row r sees the first counts[r] keys, counts do not fall;
// scores of further keys are written or not. Pointers of keys go on to a multiple of 16 and may be read from. between() is
// called after each tile of 4 rows by 4 keys, or of as many products with fewer rows.
template <class Element, class Between>
inline void score_block(const float* q,
                        int64_t q_stride,
                        const Element* const* keys,
                        const int* counts,
                        int num_rows,
                        int64_t dim,
                        float scale,
                        float* scores,
                        int64_t stride,
                        Between&& between) {
  int r = 0;
  for (; r + 4 <= num_rows; r += 4)
    score_rows<4>(q + r * q_stride, q_stride, keys, counts[r + 3], dim, scale, scores + r * stride, stride, between);
  if (r == num_rows) return;
  const int last = counts[num_rows - 1];
  q += r * q_stride;
  scores += r * stride;
  if (num_rows - r == 3) score_rows<3>(q, q_stride, keys, last, dim, scale, scores, stride, between);
  if (num_rows - r == 2) score_rows<2>(q, q_stride, keys, last, dim, scale, scores, stride, between);
  if (num_rows - r == 1) score_rows<1>(q, q_stride, keys, last, dim, scale, scores, stride, between);
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
