// SPDX-License-Identifier: Apache-2.0
// Which instruction set the CPU kernels use. The choice changes the speed and never the bits.
#pragma once

#include <string_view>

namespace lockstep::kernels::cpu {

enum class Isa { scalar, avx2, avx512f, avx512bf16 };  // each runs wherever a later one runs

// "scalar", "avx2", "avx512f", "avx512bf16".
std::string_view isa_name(Isa isa);

// The best that this processor and its operating system run.
Isa best_isa();

// The instruction set of a name; "" is best_isa(). An unknown name, or one beyond best_isa(), is an Error.
Isa isa_of(std::string_view name);

// isa_of the environment's LOCKSTEP_ISA, read once per process.
Isa isa();

// Flush-to-zero, denormals-are-zero, rounding to nearest and masked exceptions while in scope: the mode in which all CPU
// kernels compute. bf16 dot products are defined with it, and everything else follows.
class FloatMode {
 public:
  FloatMode();
  ~FloatMode();
  FloatMode(const FloatMode&) = delete;
  FloatMode& operator=(const FloatMode&) = delete;

 private:
  unsigned saved_;
};

}  // namespace lockstep::kernels::cpu
