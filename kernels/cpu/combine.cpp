// SPDX-License-Identifier: Apache-2.0
// Chooses the instruction set and the floating-point mode of the slot combination.
#include "kernels/cpu/combine.h"

#include "kernels/cpu/dispatch.h"

namespace lockstep::kernels::cpu {

namespace scalar {
extern const CombineKernels combine_kernels;
}
namespace avx2 {
extern const CombineKernels combine_kernels;
}
namespace avx512f {
extern const CombineKernels combine_kernels;
}
namespace avx512bf16 {
extern const CombineKernels combine_kernels;
}

namespace {

const CombineKernels& kernels(Isa isa) {
  return table_of(isa, scalar::combine_kernels, avx2::combine_kernels, avx512f::combine_kernels,
                  avx512bf16::combine_kernels);
}

}  // namespace

void combine_slots(const Combine& a, Isa isa) {
  const FloatMode mode;
  kernels(isa).forward(a);
}

void combine_slots_grad(const CombineGrad& a, Isa isa) {
  const FloatMode mode;
  kernels(isa).grad(a);
}

}  // namespace lockstep::kernels::cpu
