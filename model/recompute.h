// SPDX-License-Identifier: Apache-2.0
// Gradient checkpointing (arXiv:1604.06174): a part of a model whose intermediate values are computed twice and kept never.
#pragma once

#include <functional>
#include <vector>

#include "kernels/tensor.h"

namespace lockstep::model {

// body(inputs) without keeping what its gradients need: the backward pass calls body again, with gradients, and goes back
// through it. The bits are those of body itself, of outputs and of gradients, as body must be a pure function: of its inputs
// (which may be undefined), and of leaf tensors that it holds, whose .grad() it adds to. `is_again` is false in the first call
// and true in the second. Without gradients just body(inputs, false).
using Body = std::function<std::vector<Tensor>(const std::vector<Tensor>& inputs, bool is_again)>;
std::vector<Tensor> recomputed(const Body& body, const std::vector<Tensor>& inputs);

}  // namespace lockstep::model
