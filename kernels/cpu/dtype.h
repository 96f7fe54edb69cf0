// SPDX-License-Identifier: Apache-2.0
// The two storage types of activations. Arithmetic is f32 in both; a bf16 output is rounded once, to nearest even.
#pragma once

namespace lockstep::kernels::cpu {

enum class Dtype { f32, bf16 };  // float, uint16_t

}  // namespace lockstep::kernels::cpu
