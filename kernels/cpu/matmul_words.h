// SPDX-License-Identifier: Apache-2.0
// The 32-bit words that the matrix products are computed on: how operands become words, and what one step does with them.
#pragma once

#include <type_traits>

#include "kernels/cpu/lanes.h"
#include "kernels/cpu/matrix_view.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// An operand as the product sees it: chains to walk along, one for each output. A's chains are its rows, B's its columns.
template <class T>
struct Chains {
  const T* data;
  int64_t count, length;
  int64_t stride, step_stride;  // from chain to chain, and along a chain
  const int64_t* index;         // of the chains, or null
  const int64_t* step_index;    // of the places along a chain, or null

  const T* at(int64_t chain, int64_t place) const {
    return data + (index ? index[chain] : chain) * stride + (step_index ? step_index[place] : place) * step_stride;
  }
  bool has_unit_steps() const {
    return step_stride == 1 && !step_index;
  }                                                               // neighbours along a chain are neighbours in memory
  bool has_unit_chains() const { return stride == 1 && !index; }  // the same place of neighbouring chains is
};

template <class T>
Chains<T> rows_of(const MatrixView<T>& x) {
  return {x.data, x.rows, x.cols, x.row_stride, x.col_stride, x.row_index, nullptr};
}
template <class T>
Chains<T> columns_of(const MatrixView<T>& x) {
  return {x.data, x.cols, x.rows, x.col_stride, x.row_stride, nullptr, x.row_index};
}

inline Lanes some_bf16(const uint16_t* p, int n) {
  return n == Lanes::kCount ? Lanes::load_bf16(p) : Lanes::load_first_bf16(p, n);
}

// Each of the three kinds of words has:
//   num_steps(length)        words of a chain
//   num_whole_steps(length)  words, from the first on, that need no element beyond the chain's end
//   word(x, chain, step)     any of them
//   along(first)             16 words of a chain whose elements lie side by side; `first` is the first word's first element
//   across(x, chain, step, n)  one word of each of n <= 16 chains that lie side by side; the other lanes are unspecified
//   step(sum, a, b)          what a word of A and a word of B add to a sum

// One f32 a word.
struct F32Words {
  using Element = float;
  static constexpr int64_t kElements = 1;
  static int64_t num_steps(int64_t length) { return length; }
  static int64_t num_whole_steps(int64_t length) { return length; }
  static uint32_t word(const Chains<float>& x, int64_t chain, int64_t step) {
    uint32_t bits;
    std::memcpy(&bits, x.at(chain, step), sizeof bits);
    return bits;
  }
  static Lanes along(const float* first) { return Lanes::load(first); }
  static Lanes across(const Chains<float>& x, int64_t chain, int64_t step, int n) {
    return n == Lanes::kCount ? Lanes::load(x.at(chain, step)) : Lanes::load_first(x.at(chain, step), n);
  }
  static Lanes step(Lanes sum, Lanes a, Lanes b) { return fma(a, b, sum); }
};

// Two bf16 a word, the even one in the lower half: as they lie in memory.
struct PairWords {
  using Element = uint16_t;
  static constexpr int64_t kElements = 2;
  static int64_t num_steps(int64_t length) { return (length + 1) / 2; }
  static int64_t num_whole_steps(int64_t length) { return length / 2; }
  static uint32_t word(const Chains<uint16_t>& x, int64_t chain, int64_t step) {
    const uint32_t even = *x.at(chain, 2 * step), odd = 2 * step + 1 < x.length ? *x.at(chain, 2 * step + 1) : 0u;
    return even | odd << 16;
  }
  static Lanes along(const uint16_t* first) {
    uint32_t words[Lanes::kCount];
    std::memcpy(words, first, sizeof words);
    return load_words(words);
  }
  static Lanes across(const Chains<uint16_t>& x, int64_t chain, int64_t step, int n) {
    const Lanes even = some_bf16(x.at(chain, 2 * step), n);
    return pairs_of(even, 2 * step + 1 < x.length ? some_bf16(x.at(chain, 2 * step + 1), n) : Lanes::zero());
  }
  static Lanes step(Lanes sum, Lanes a, Lanes b) { return pair_dot(sum, a, b); }
};

// One bf16 a word, widened to f32, in the order of the chain's fmas: odd before even. So a product without pair
// instructions is an f32 product.
struct WidenedWords {
  using Element = uint16_t;
  static constexpr int64_t kElements = 1;
  static int64_t num_steps(int64_t length) { return (length + 1) / 2 * 2; }
  static int64_t num_whole_steps(int64_t length) { return length / 2 * 2; }
  static uint32_t word(const Chains<uint16_t>& x, int64_t chain, int64_t step) {
    const int64_t place = step ^ 1;
    return place < x.length ? static_cast<uint32_t>(*x.at(chain, place)) << 16 : 0u;
  }
  static Lanes along(const uint16_t* first) { return swap_neighbours(Lanes::load_bf16(first)); }
  static Lanes across(const Chains<uint16_t>& x, int64_t chain, int64_t step, int n) {
    const int64_t place = step ^ 1;
    return place < x.length ? some_bf16(x.at(chain, place), n) : Lanes::zero();
  }
  static Lanes step(Lanes sum, Lanes a, Lanes b) { return fma(a, b, sum); }
};

// What bf16 products are computed on.
using Bf16Words = std::conditional_t<kPairDotIsOneInstruction, PairWords, WidenedWords>;

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
