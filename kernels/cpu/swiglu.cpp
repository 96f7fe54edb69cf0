// SPDX-License-Identifier: Apache-2.0
// Chooses the instruction set and the floating-point mode of the SwiGLU kernels.
#include "kernels/cpu/swiglu.h"

#include "kernels/cpu/dispatch.h"

namespace lockstep::kernels::cpu {

namespace scalar {
extern const SwigluKernels swiglu_kernels;
}
namespace avx2 {
extern const SwigluKernels swiglu_kernels;
}
namespace avx512f {
extern const SwigluKernels swiglu_kernels;
}
namespace avx512bf16 {
extern const SwigluKernels swiglu_kernels;
}

namespace {

const SwigluKernels& kernels(Isa isa) {
  return table_of(isa, scalar::swiglu_kernels, avx2::swiglu_kernels, avx512f::swiglu_kernels,
                  avx512bf16::swiglu_kernels);
}

}  // namespace

void swiglu(const Swiglu& a, Isa isa) {
  const FloatMode mode;
  kernels(isa).forward(a);
}

void swiglu_grad(const SwigluGrad& a, Isa isa) {
  const FloatMode mode;
  kernels(isa).grad(a);
}

}  // namespace lockstep::kernels::cpu
