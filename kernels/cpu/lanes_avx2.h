// SPDX-License-Identifier: Apache-2.0
// The lanes in two AVX2 registers (with FMA). Operations and their meaning: kernels/cpu/lanes_scalar.h.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

struct Lanes {
  static constexpr int kCount = 16;
  static constexpr int kTile = 2;  // kTile x kTile accumulators and their operands fit in the registers
  __m256 low, high;

  static Lanes broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static Lanes zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static Lanes load_first(const float* p, int n) {
    alignas(32) float t[kCount] = {};
    std::memcpy(t, p, sizeof(float) * static_cast<size_t>(n));
    return load(t);
  }
  static __m256 widen(__m128i bits) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16)); }
  static Lanes load_bf16(const uint16_t* p) {
    return {widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
            widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8)))};
  }
  static Lanes load_first_bf16(const uint16_t* p, int n) {
    alignas(32) uint16_t t[kCount] = {};
    std::memcpy(t, p, sizeof(uint16_t) * static_cast<size_t>(n));
    return load_bf16(t);
  }
  void store(float* p) const {
    _mm256_storeu_ps(p, low);
    _mm256_storeu_ps(p + 8, high);
  }
  void store_first(float* p, int n) const {
    alignas(32) float t[kCount];
    store(t);
    std::memcpy(p, t, sizeof(float) * static_cast<size_t>(n));
  }
  static __m256i narrow(__m256 x) {
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    const __m256i cut = _mm256_srli_epi32(bits, 16);
    const __m256i is_nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7f800000));
    const __m256i is_small = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x00800000), magnitude);
    __m256i top = _mm256_srli_epi32(rounded, 16);
    top = _mm256_blendv_epi8(top, _mm256_or_si256(cut, _mm256_set1_epi32(0x40)), is_nan);
    return _mm256_blendv_epi8(top, _mm256_and_si256(cut, _mm256_set1_epi32(0x8000)), is_small);
  }
  void store_bf16(uint16_t* p) const {
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(narrow(low), narrow(high)), 0xd8);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), packed);
  }
  void store_first_bf16(uint16_t* p, int n) const {
    alignas(32) uint16_t t[kCount];
    store_bf16(t);
    std::memcpy(p, t, sizeof(uint16_t) * static_cast<size_t>(n));
  }
};

inline Lanes operator+(Lanes a, Lanes b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
inline Lanes operator*(Lanes a, Lanes b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
inline Lanes operator/(Lanes a, Lanes b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
inline Lanes max(Lanes a, Lanes b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
inline Lanes min(Lanes a, Lanes b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
inline Lanes fma(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
inline Lanes sqrt(Lanes a) { return {_mm256_sqrt_ps(a.low), _mm256_sqrt_ps(a.high)}; }
inline Lanes round(Lanes a) {
  constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(a.low, nearest), _mm256_round_ps(a.high, nearest)};
}
inline Lanes where_less(Lanes x, Lanes y, Lanes a, Lanes b) {
  return {_mm256_blendv_ps(b.low, a.low, _mm256_cmp_ps(x.low, y.low, _CMP_LT_OQ)),
          _mm256_blendv_ps(b.high, a.high, _mm256_cmp_ps(x.high, y.high, _CMP_LT_OQ))};
}
inline __m256 power_of_two(__m256 n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvttps_epi32(n), _mm256_set1_epi32(127)), 23));
}
inline Lanes scale_by_power(Lanes a, Lanes n) { return a * Lanes{power_of_two(n.low), power_of_two(n.high)}; }
inline void split_exponent(Lanes a, Lanes& exponent, Lanes& mantissa) {
  const auto exponent_of = [](__m256 x) {
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_srli_epi32(_mm256_castps_si256(x), 23), _mm256_set1_epi32(127)));
  };
  const auto mantissa_of = [](__m256 x) {
    const __m256i fraction = _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x007fffff));
    return _mm256_castsi256_ps(_mm256_or_si256(fraction, _mm256_set1_epi32(0x3f800000)));
  };
  const Lanes copy = a;  // the outputs may be the input
  exponent = {exponent_of(copy.low), exponent_of(copy.high)};
  mantissa = {mantissa_of(copy.low), mantissa_of(copy.high)};
}
inline float sum_of_eight(__m256 eight) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float sum(Lanes a) { return sum_of_eight(_mm256_add_ps(a.low, a.high)); }
inline float max_of(Lanes a) {
  const __m256 eight = _mm256_max_ps(a.low, a.high);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
inline Lanes select_first(int n, Lanes a, Lanes b) {
  const __m256i count = _mm256_set1_epi32(n), index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i low = _mm256_cmpgt_epi32(count, index);
  const __m256i high = _mm256_cmpgt_epi32(count, _mm256_add_epi32(index, _mm256_set1_epi32(8)));
  return {_mm256_blendv_ps(b.low, a.low, _mm256_castsi256_ps(low)),
          _mm256_blendv_ps(b.high, a.high, _mm256_castsi256_ps(high))};
}
inline void unzip(Lanes a, Lanes b, Lanes& even, Lanes& odd) {
  const auto in_order = [](__m256 x) {
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(x), 0xd8));
  };
  const Lanes first = a, second = b;  // the outputs may be the inputs
  even = {in_order(_mm256_shuffle_ps(first.low, first.high, 0x88)),
          in_order(_mm256_shuffle_ps(second.low, second.high, 0x88))};
  odd = {in_order(_mm256_shuffle_ps(first.low, first.high, 0xdd)),
         in_order(_mm256_shuffle_ps(second.low, second.high, 0xdd))};
}
inline void zip(Lanes even, Lanes odd, Lanes& a, Lanes& b) {
  const auto joined = [](__m256 e, __m256 o) {
    const __m256 low = _mm256_unpacklo_ps(e, o), high = _mm256_unpackhi_ps(e, o);
    return Lanes{_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31)};
  };
  a = joined(even.low, odd.low);
  b = joined(even.high, odd.high);
}

// As in lanes_avx512.h: each level does the additions of `sum` for twice as many rows.
inline __m256 fold_quarters(__m256 a, __m256 b) {
  return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}
inline __m256 fold_pairs(__m256 a, __m256 b) {
  return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x44), _mm256_shuffle_ps(a, b, 0xee));
}
inline __m256 fold_singles(__m256 a, __m256 b) {
  return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xdd));
}
inline __m256 sums_of_eight(const Lanes* a) {
  __m256 t[4];
  for (int i = 0; i < 4; ++i)
    t[i] = fold_quarters(_mm256_add_ps(a[i].low, a[i].high), _mm256_add_ps(a[i + 4].low, a[i + 4].high));
  return fold_singles(fold_pairs(t[0], t[1]), fold_pairs(t[2], t[3]));
}
inline Lanes sums_of(const Lanes* a) { return {sums_of_eight(a), sums_of_eight(a + 8)}; }

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
