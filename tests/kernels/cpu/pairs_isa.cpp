// SPDX-License-Identifier: Apache-2.0
// The lanes' word operations of one instruction set, on memory.
#include "kernels/cpu/lanes.h"
#include "tests/kernels/cpu/pairs_table.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

extern const PairsTable pairs_functions;
const PairsTable pairs_functions = {
    [](const uint32_t* a, uint32_t* to) { store_words(odd_of_pairs(load_words(a)), to); },
    [](const uint32_t* a, uint32_t* to) { store_words(even_of_pairs(load_words(a)), to); },
    [](const uint32_t* even, const uint32_t* odd, uint32_t* to) {
      store_words(pairs_of(load_words(even), load_words(odd)), to);
    },
    [](const uint32_t* a, uint32_t* to) { store_words(swap_neighbours(load_words(a)), to); },
    [](const void* word, uint32_t* to) { store_words(broadcast_word(word), to); },
    [](const uint32_t* from, uint32_t* to) { transpose_words(from, 16, to, 16); },
    [](const uint32_t* sum, const uint32_t* a, const uint32_t* b, uint32_t* to) {
      store_words(pair_dot(load_words(sum), load_words(a), load_words(b)), to);
    },
};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
