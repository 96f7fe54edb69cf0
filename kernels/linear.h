// SPDX-License-Identifier: Apache-2.0
// Linear layers: of rows, and of the heads of multi-head latent attention.
#pragma once

#include <memory>

#include "kernels/tensor.h"

namespace lockstep::kernels {

class PackedWeight;  // a weight rearranged for our CPU kernels

// The weight [O, K] of a linear layer, or [E, O, K] of several. The rearranged copy serves products without gradients; it
// has to be made again when the values change, and is not there where the kernels are not ours.
struct Weight {
  Tensor value;
  std::shared_ptr<const PackedWeight> packed = nullptr;
  bool defined() const { return value.defined(); }
};

// As it is, or in 8 bits with a scale for every 32 (GGUF's Q8_0): half the bytes to read, and other values.
enum class WeightFormat { exact, q8_0 };

// Makes or refreshes the rearranged copy; nothing where native kernels do not work on the value.
void pack(Weight& weight, WeightFormat format = WeightFormat::exact);

// x [N, K] times weight [O, K] transposed, plus bias [O] (may be undefined) -> [N, O] in x's dtype. Accumulation in f32.
// Differentiable in all three.
Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias = {});

// y[n, h] = weight[h] x[n, h]: x [N, H, K], weight [H, O, K] with any strides -> [N, H, O] contiguous. Differentiable.
Tensor heads_linear(const Tensor& x, const Tensor& weight);

}  // namespace lockstep::kernels
