// SPDX-License-Identifier: Apache-2.0
// Chooses the instruction set and the floating-point mode of the RMSNorm kernels.
#include "kernels/cpu/rms_norm.h"

#include "kernels/cpu/dispatch.h"

namespace lockstep::kernels::cpu {

namespace scalar {
extern const RmsNormKernels rms_norm_kernels;
}
namespace avx2 {
extern const RmsNormKernels rms_norm_kernels;
}
namespace avx512f {
extern const RmsNormKernels rms_norm_kernels;
}
namespace avx512bf16 {
extern const RmsNormKernels rms_norm_kernels;
}

namespace {

const RmsNormKernels& kernels(Isa isa) {
  return table_of(isa, scalar::rms_norm_kernels, avx2::rms_norm_kernels, avx512f::rms_norm_kernels,
                  avx512bf16::rms_norm_kernels);
}

}  // namespace

void rms_norm(const RmsNorm& a, Isa isa) {
  const FloatMode mode;
  kernels(isa).forward(a);
}

void add_rms_norm(const ResidualAdd& add, const RmsNorm& a, Isa isa) {
  const FloatMode mode;
  kernels(isa).add_forward(add, a);
}

void rms_norm_input_grad(const RmsNormInputGrad& a, Isa isa) {
  const FloatMode mode;
  kernels(isa).input_grad(a);
}

void rms_norm_weight_grad(const RmsNormWeightGrad& a, Isa isa) {
  const FloatMode mode;
  kernels(isa).weight_grad(a);
}

}  // namespace lockstep::kernels::cpu
