// SPDX-License-Identifier: Apache-2.0
// Chooses the instruction set and the floating-point mode of the rotation.
#include "kernels/cpu/rope.h"

#include "kernels/cpu/dispatch.h"

namespace lockstep::kernels::cpu {

namespace scalar {
extern const RopeKernels rope_kernels;
}
namespace avx2 {
extern const RopeKernels rope_kernels;
}
namespace avx512f {
extern const RopeKernels rope_kernels;
}
namespace avx512bf16 {
extern const RopeKernels rope_kernels;
}

namespace {

void rotate(const Rope& a, bool is_backward, Isa isa) {
  const FloatMode mode;
  table_of(isa, scalar::rope_kernels, avx2::rope_kernels, avx512f::rope_kernels, avx512bf16::rope_kernels)
      .rotate(a, is_backward);
}

}  // namespace

void rope(const Rope& a, Isa isa) { rotate(a, false, isa); }
void rope_backward(const Rope& a, Isa isa) { rotate(a, true, isa); }

}  // namespace lockstep::kernels::cpu
