// SPDX-License-Identifier: Apache-2.0
// Rearranges the operands of a matrix product: A into rows of words, B into panels of 64 outputs.
#pragma once

#include "kernels/cpu/matmul_words.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

inline constexpr int64_t kPanelWidth = 64;  // kPanelOutputs
inline constexpr int64_t kLanes = Lanes::kCount;

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t round_up(int64_t a, int64_t unit) { return (a + unit - 1) / unit * unit; }

// block[i][j] = word (step + j) of chain (chain + i); zeros beyond the chains and their ends.
template <class Kind, class T>
void gather_chains(const Chains<T>& x, int64_t chain, int64_t step, uint32_t* block) {
  const bool is_whole = x.has_unit_steps() && step + kLanes <= Kind::num_whole_steps(x.length);
  const int64_t steps = Kind::num_steps(x.length);
  for (int64_t i = 0; i < kLanes; ++i, block += kLanes) {
    if (chain + i >= x.count)
      store_words(Lanes::zero(), block);
    else if (is_whole)
      store_words(Kind::along(x.at(chain + i, step * Kind::kElements)), block);
    else
      for (int64_t j = 0; j < kLanes; ++j) block[j] = step + j < steps ? Kind::word(x, chain + i, step + j) : 0u;
  }
}

// One word of chains `chain`, ... of `end`, at most 16, then zeros. The chains lie side by side.
template <class Kind, class T>
void gather_across(const Chains<T>& x, int64_t chain, int64_t end, int64_t step, uint32_t* words) {
  const int64_t n = larger(0, smaller(kLanes, end - chain));
  if (n == kLanes) {
    store_words(Kind::across(x, chain, step, static_cast<int>(kLanes)), words);
    return;
  }
  store_words(n > 0 ? Kind::across(x, chain, step, static_cast<int>(n)) : Lanes::zero(), words);
  for (int64_t i = n; i < kLanes; ++i) words[i] = 0;
}

// Operands that are read across their chains jump from line to line, which the processor does not foresee.
template <class Kind, class T>
void prefetch_across(const Chains<T>& x, int64_t chain, int64_t step, int64_t bytes) {
  constexpr int64_t kAhead = 12;
  if ((step + kAhead + 1) * Kind::kElements > x.length) return;
  for (int64_t element = 0; element < Kind::kElements; ++element) {
    const char* line = reinterpret_cast<const char*>(x.at(chain, (step + kAhead) * Kind::kElements + element));
    for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(line + i);
  }
}

// Words step_begin..step_end-1 of chains begin..end-1, one chain a row. `to_stride` is a multiple of 16 and at least the
// number of words; there is room for a multiple of 16 rows.
template <class Kind, class T>
void pack_rows(const Chains<T>& x,
               int64_t begin,
               int64_t end,
               int64_t step_begin,
               int64_t step_end,
               uint32_t* to,
               int64_t to_stride) {
  if (x.has_unit_chains() && !x.has_unit_steps()) {
    alignas(64) uint32_t block[kLanes * kLanes];
    // The chains on the inside: lines are read whole, one after the other, however far apart the steps lie.
    for (int64_t step = step_begin; step < step_end; step += kLanes)
      for (int64_t chain = begin; chain < end; chain += kLanes) {
        for (int64_t j = 0; j < smaller(kLanes, step_end - step); ++j) {
          gather_across<Kind>(x, chain, end, step + j, block + j * kLanes);
        }
        transpose_words(block, kLanes, to + (chain - begin) * to_stride + step - step_begin, to_stride);
      }
    return;
  }
  const int64_t whole_steps = smaller(step_end, Kind::num_whole_steps(x.length));
  for (int64_t chain = begin; chain < end; ++chain, to += to_stride) {
    int64_t step = step_begin;
    if (x.has_unit_steps())
      for (const T* from = x.at(chain, 0); step + kLanes <= whole_steps; step += kLanes)
        store_words(Kind::along(from + step * Kind::kElements), to + step - step_begin);
    for (; step < step_end; ++step) to[step - step_begin] = Kind::word(x, chain, step);
  }
}

// Words step_begin..step_end-1 of the 64 chains from `chain` on, as [steps][64]; zeros beyond the last chain.
template <class Kind, class T>
void pack_panel(const Chains<T>& x, int64_t chain, int64_t step_begin, int64_t step_end, uint32_t* to) {
  if (x.has_unit_chains()) {
    for (int64_t step = step_begin; step < step_end; ++step, to += kPanelWidth) {
      prefetch_across<Kind>(x, chain, step, kPanelWidth * int64_t{sizeof(T)});
      if (chain + kPanelWidth <= x.count)
        for (int64_t i = 0; i < kPanelWidth; i += kLanes)
          store_words(Kind::across(x, chain + i, step, Lanes::kCount), to + i);
      else
        for (int64_t i = 0; i < kPanelWidth; i += kLanes) gather_across<Kind>(x, chain + i, x.count, step, to + i);
    }
    return;
  }
  alignas(64) uint32_t block[kLanes * kLanes], turned[kLanes * kLanes];
  for (int64_t step = step_begin; step < step_end; step += kLanes, to += kLanes * kPanelWidth)
    for (int64_t i = 0; i < kPanelWidth; i += kLanes) {
      gather_chains<Kind>(x, chain + i, step, block);
      if (step + kLanes <= step_end) {
        transpose_words(block, kLanes, to + i, kPanelWidth);
        continue;
      }
      transpose_words(block, kLanes, turned, kLanes);
      for (int64_t j = 0; j < step_end - step; ++j)
        store_words(load_words(turned + j * kLanes), to + j * kPanelWidth + i);
    }
}

// `steps` (even) steps of a packed bf16 panel, widened: [steps / 2][64][2] bf16 to [steps][64] f32, odd before even.
inline void widen_panel(const uint32_t* pairs, int64_t steps, uint32_t* to) {
  constexpr int64_t kAhead = 48;  // lines: the panel streams from memory
  for (int64_t step = 0; step < steps; step += 2, to += 2 * kPanelWidth)
    for (int64_t i = 0; i < kPanelWidth; i += kLanes, pairs += kLanes) {
      __builtin_prefetch(pairs + kAhead * kLanes);
      const Lanes both = load_words(pairs);
      store_words(odd_of_pairs(both), to + i);
      store_words(even_of_pairs(both), to + kPanelWidth + i);
    }
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
