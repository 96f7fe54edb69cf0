// SPDX-License-Identifier: Apache-2.0
// Chooses the instruction set and the floating-point mode of the log-softmax kernels.
#include "kernels/cpu/log_softmax.h"

#include "kernels/cpu/dispatch.h"

namespace lockstep::kernels::cpu {

namespace scalar {
extern const LogSoftmaxKernels log_softmax_kernels;
}
namespace avx2 {
extern const LogSoftmaxKernels log_softmax_kernels;
}
namespace avx512f {
extern const LogSoftmaxKernels log_softmax_kernels;
}
namespace avx512bf16 {
extern const LogSoftmaxKernels log_softmax_kernels;
}

namespace {

const LogSoftmaxKernels& kernels(Isa isa) {
  return table_of(isa, scalar::log_softmax_kernels, avx2::log_softmax_kernels, avx512f::log_softmax_kernels,
                  avx512bf16::log_softmax_kernels);
}

}  // namespace

void add_softmax_sums(const LogitRows& a, SoftmaxSums* sums, Isa isa) {
  const FloatMode mode;
  kernels(isa).add_sums(a, sums);
}

void token_logprobs(const TokenLogprobs& a, Isa isa) {
  const FloatMode mode;
  kernels(isa).logprobs(a);
}

void log_softmax_grad(const LogSoftmaxGrad& a, Isa isa) {
  const FloatMode mode;
  kernels(isa).grad(a);
}

}  // namespace lockstep::kernels::cpu
