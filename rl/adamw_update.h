// SPDX-License-Identifier: Apache-2.0
// One AdamW update of a stretch of parameters: the arithmetic alone, in two forms with the same roundings.
#pragma once

#include <cstdint>

#include "kernels/cpu/adamw.h"
#include "kernels/tensor.h"

namespace lockstep::rl {

// A contiguous stretch on the CPU: kernels/cpu/adamw.h, which says the operations and their order.
using kernels::cpu::adamw_coefficients;
using kernels::cpu::AdamWCoefficients;
using kernels::cpu::AdamWScalars;
using kernels::cpu::AdamWSpan;
inline void adamw_update(const AdamWSpan& span, const AdamWCoefficients& c) { kernels::cpu::adamw(span, c); }

// The same in torch operations, for parameters on any device; all tensors f32 of one shape, updated in place. The
// operations are the same; on the CPU torch's f32 square root (a vector library's) is not the correctly rounded one.
void adamw_update_portable(
    Tensor& master, Tensor& exp_avg, Tensor& exp_avg_sq, const Tensor& gradient, const AdamWCoefficients& c);

// Sum of squares in f64: eight interleaved running sums, added pairwise. The order depends on `size` alone.
double sum_of_squares(const float* values, int64_t size);

void bf16_to_f32(const uint16_t* from, float* to, int64_t size);  // exact

}  // namespace lockstep::rl
