// SPDX-License-Identifier: Apache-2.0
// What one instruction set does with 8-bit weights, on memory.
#include "kernels/cpu/matmul_quants.h"
#include "tests/kernels/cpu/quants_table.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

template <class Kind>
void load(const uint16_t* scales, const uint8_t* line, int v, uint32_t* words) {
  Lanes of_pair[Quants<Kind>::kWords];
  Quants<Kind>(scales).load(line, v, of_pair);
  for (int i = 0; i < Quants<Kind>::kWords; ++i) store_words(of_pair[i], words + i * kLanes);
}

void store(const float* even, const float* odd, uint8_t* line) {
  const Lanes evens[2] = {Lanes::load(even), Lanes::load(even + 16)};
  const Lanes odds[2] = {Lanes::load(odd), Lanes::load(odd + 16)};
  store_quants(evens, odds, line);
}

}  // namespace

extern const QuantsTable quants_functions;
const QuantsTable quants_functions = {load<F32Words>, load<WidenedWords>, load<PairWords>, store};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
