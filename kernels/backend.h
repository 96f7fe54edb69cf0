// SPDX-License-Identifier: Apache-2.0
// Which form of the operations runs: our CPU kernels, which keep the numeric contract, or torch operations, which run on any
// device and promise nothing bitwise.
#pragma once

#include "kernels/tensor.h"

namespace lockstep::kernels {

enum class Backend {
  automatic,  // native kernels for f32 and bf16 tensors on the CPU, torch operations elsewhere
  portable,   // torch operations everywhere
};

// One choice for the whole process, made before the first operation. Thread-safe.
void set_backend(Backend backend);
Backend backend();

// Do native kernels work on this tensor?
bool is_native(const Tensor& x);
bool is_native(const at::Device& device);

}  // namespace lockstep::kernels
