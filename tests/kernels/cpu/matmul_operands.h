// SPDX-License-Identifier: Apache-2.0
// Operands for the tests of matrix products: random numbers with rare ones among them, and comparison of results by bits.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/cpu/matmul.h"

namespace lockstep::kernels::cpu::test {

class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed * 2654435761u + 1) {}
  uint32_t bits() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 33) ^ static_cast<uint32_t>(state_ << 7);
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(bits() % static_cast<uint64_t>(n)); }
  float in_one() { return static_cast<float>(static_cast<int32_t>(bits())) * 0x1p-31f; }

 private:
  uint64_t state_;
};

// What is in an operand: ordinary numbers; magnitudes over the whole range, so that sums and products underflow and
// overflow; or these and NaN, infinities, denormals and zeros of both signs.
enum class Content { ordinary, wide, rare };

inline float draw(Numbers& numbers, Content content) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kRare[] = {0.0f,
                             -0.0f,
                             kInfinity,
                             -kInfinity,
                             std::numeric_limits<float>::quiet_NaN(),
                             1e-40f,
                             -1e-40f,
                             std::numeric_limits<float>::max(),
                             std::numeric_limits<float>::min()};
  if (content == Content::rare && numbers.below(40) == 0) return kRare[numbers.below(9)];
  const float x = numbers.in_one();
  return content == Content::ordinary ? x : std::ldexp(x, static_cast<int>(numbers.below(140)) - 70);
}

template <class T>
std::vector<T> drawn(Numbers& numbers, int64_t count, Content content = Content::ordinary) {
  std::vector<T> v(static_cast<size_t>(count));
  for (T& x : v) {
    const float f = draw(numbers, content);
    if constexpr (std::is_same_v<T, float>)
      x = f;
    else
      x = static_cast<uint16_t>(std::bit_cast<uint32_t>(f) >> 16 | (std::isnan(f) ? 1u : 0u));
  }
  return v;
}

template <class T>
MatrixView<T> row_major(const std::vector<T>& v, int64_t rows, int64_t cols) {
  return {v.data(), rows, cols, cols, 1, nullptr};
}

template <class T>
MatrixView<T> transposed(const MatrixView<T>& x) {
  return {x.data, x.cols, x.rows, x.col_stride, x.row_stride, nullptr};
}

enum class Into { f32, sum, bf16 };

// A result of m rows of n with room between them, which no product may touch.
struct Result {
  Result(Numbers& numbers, int64_t m, int64_t n, Content content)
      : stride(n + 3), sums(drawn<float>(numbers, m * stride, content)), rounded(sums.size(), 7) {}
  MatmulOutput output(Into into) {
    if (into == Into::bf16) return MatmulOutput::bf16(rounded.data(), stride);
    return into == Into::sum ? MatmulOutput::sum_into(sums.data(), stride) : MatmulOutput::f32(sums.data(), stride);
  }
  int64_t stride;
  std::vector<float> sums;
  std::vector<uint16_t> rounded;
};

}  // namespace lockstep::kernels::cpu::test
