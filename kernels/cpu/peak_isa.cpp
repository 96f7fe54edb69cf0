// SPDX-License-Identifier: Apache-2.0
// The most fused multiply-adds that one core does for an instruction set, in a loop that never leaves the registers, and the
// most memory that it reads.
#include "kernels/cpu/matmul_words.h"
#include "kernels/cpu/peak_table.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

constexpr int kChains = sizeof(Lanes) == 64 && kRegisters == 32 ? 16 : 6;

template <class Kind>
float spin(int64_t steps) {
  Lanes sum[kChains];
  Lanes a = Lanes::broadcast(1.0f), b = Lanes::zero();
  for (Lanes& s : sum) s = Lanes::zero();
  for (int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 16
    for (int c = 0; c < kChains; ++c) sum[c] = Kind::step(sum[c], a, b);
  }
  Lanes all = Lanes::zero();
  for (const Lanes& s : sum) all = all + s;
  return cpu::LOCKSTEP_ISA_NAMESPACE::sum(all);
}

float read(const float* data, int64_t size) {
  Lanes sums[4] = {Lanes::zero(), Lanes::zero(), Lanes::zero(), Lanes::zero()};
  for (int64_t i = 0; i < size; i += 4 * Lanes::kCount)
    for (int j = 0; j < 4; ++j) sums[j] = sums[j] + Lanes::load(data + i + j * Lanes::kCount);
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace

extern const PeakTable peak_functions;
const PeakTable peak_functions = {spin<F32Words>, spin<Bf16Words>, read, 2.0 * kChains* Lanes::kCount,
                                  2.0 * kChains* Lanes::kCount* Bf16Words::kElements};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
