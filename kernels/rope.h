// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (Su et al. 2021, arXiv:2104.09864) in its two layouts.
#pragma once

#include "kernels/tensor.h"

namespace lockstep::kernels {

// cos and sin of every token's angles, [N, 1, R / 2] f32, gathered once per batch.
struct RopeRows {
  Tensor cos, sin;
};

// cos and sin of positions [N] i64 times inverse [R / 2] f32, times `factor`, by our own arithmetic on the CPU: the same
// bits on every machine. The angle is one f32 product, as in transformers.
RopeRows native_rope_rows(const Tensor& inverse, const Tensor& positions, double factor);

enum class RopeLayout {
  half_split,   // pairs (x_i, x_{i + R/2}): llama, qwen
  interleaved,  // pairs (x_{2i}, x_{2i+1}): deepseek
};

// Rotates x [N, H, R] by the rows' angles, in f32, rounded once to x's dtype. The output keeps the layout of the input.
// Differentiable in x (the gradient is the rotation by the negative angle).
Tensor rope(const Tensor& x, const RopeRows& rows, RopeLayout layout);

// The same into a cache [M, H, R]: row n of the result is row cache_rows[n] (i64, each once) of `cache`. No gradient.
void store_rope(const Tensor& x, const RopeRows& rows, RopeLayout layout, const Tensor& cache_rows, const Tensor& cache);
// Row n of x [N, H, R] is copied to row cache_rows[n] of `cache`. No gradient.
void store_rows(const Tensor& x, const Tensor& cache_rows, const Tensor& cache);

}  // namespace lockstep::kernels
