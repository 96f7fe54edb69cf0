// SPDX-License-Identifier: Apache-2.0
// Chooses the instruction set and the floating-point mode of the sampling noise.
#include "kernels/cpu/noise.h"

#include "kernels/cpu/dispatch.h"

namespace lockstep::kernels::cpu {

namespace scalar {
extern const NoiseKernels noise_kernels;
}
namespace avx2 {
extern const NoiseKernels noise_kernels;
}
namespace avx512f {
extern const NoiseKernels noise_kernels;
}
namespace avx512bf16 {
extern const NoiseKernels noise_kernels;
}

namespace {

const NoiseKernels& kernels(Isa isa) {
  return table_of(isa, scalar::noise_kernels, avx2::noise_kernels, avx512f::noise_kernels, avx512bf16::noise_kernels);
}

}  // namespace

void noise_words(const NoiseSource& source, int64_t first, int64_t count, uint32_t* words, Isa isa) {
  kernels(isa).words(source, first, count, words);
}

void gumbel_argmax(const NoisyRow& row, const NoiseSource& source, BestEntry& best, Isa isa) {
  const FloatMode mode;
  kernels(isa).gumbel_argmax(row, source, best);
}

void argmax(const float* logits, int64_t first, int64_t columns, BestEntry& best, Isa isa) {
  const FloatMode mode;
  kernels(isa).argmax(logits, first, columns, best);
}

}  // namespace lockstep::kernels::cpu
