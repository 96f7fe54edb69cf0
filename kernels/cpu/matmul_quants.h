// SPDX-License-Identifier: Apache-2.0
// Q8_0 weights in the matrix products: as words in registers for a few rows, or written to scratch once for many.
#pragma once

#include "kernels/cpu/matmul_tile.h"
#include "kernels/cpu/q8_layout.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

// The weights of 16 outputs in one block, times their scales:
//   kWords                words of a Kind in two places of the chain
//   load(line, v, words)  these words; line and v as in load_quants
template <class Kind>
class Quants;

// q * scale without rounding: 7 and 11 bits. As a fused (2^15 + u) * scale + offset it is exact too, and an offset of 9 and 11
// bits is.
template <>
class Quants<F32Words> {
 public:
  static constexpr int kWords = 2;
  Quants() = default;
  explicit Quants(const uint16_t* halves)
      : scale_(load_halves(halves)), offset_(scale_ * Lanes::broadcast(-kQuantZero)) {}
  void load(const uint8_t* line, int v, Lanes (&words)[kWords]) const {
    Lanes even, odd;
    load_quants(line, v, even, odd);
    words[0] = fma(even, scale_, offset_);
    words[1] = fma(odd, scale_, offset_);
  }

 private:
  Lanes scale_, offset_;
};

template <>
class Quants<WidenedWords> {
 public:
  static constexpr int kWords = 2;
  Quants() = default;
  explicit Quants(const uint16_t* halves) : exact_(halves) {}
  void load(const uint8_t* line, int v, Lanes (&words)[kWords]) const {
    Lanes exact[2];
    exact_.load(line, v, exact);
    words[0] = round_to_bf16(exact[1]);
    words[1] = round_to_bf16(exact[0]);
  }

 private:
  Quants<F32Words> exact_;
};

template <>
class Quants<PairWords> {
 public:
  static constexpr int kWords = 1;
  Quants() = default;
  explicit Quants(const uint16_t* halves) : pairs_(halves) {}
  void load(const uint8_t* line, int v, Lanes (&words)[kWords]) const { words[0] = pairs_.load(line, v); }

 private:
  QuantPairs pairs_;
};

template <class Kind>
inline constexpr int64_t kStepsPerQ8Block = kQ8Places / Kind::kElements;

// Vectors whose scales are in registers at the same time: half a panel, whole lines, if there are enough registers.
inline constexpr int kQuantGroup = kRegisters == 32 ? 2 : 1;

// The scales of the 16 kQuantGroup outputs that begin at output `column` of a panel, in one block, and their lines.
template <class Kind>
class QuantBlock {
 public:
  static constexpr int kWords = Quants<Kind>::kWords;
  QuantBlock(const uint8_t* block, int64_t column)
      : line_(block + kQ8ScaleBytes + column / 32 * kQ8HalfBytes), half_(static_cast<int>(column / kLanes % 2)) {
    for (int v = 0; v < kQuantGroup; ++v)
      quants_[v] = Quants<Kind>(reinterpret_cast<const uint16_t*>(block) + column + v * kLanes);
  }
  // The words of the next pair of places; what lies kAhead bytes further is fetched.
  template <int64_t kAhead>
  void next(Lanes (&words)[kQuantGroup][kWords]) {
    __builtin_prefetch(line_ + kAhead);
#pragma GCC unroll 2
    for (int v = 0; v < kQuantGroup; ++v) quants_[v].load(line_, kQuantGroup == 2 ? v : half_, words[v]);
    line_ += kQ8LineBytes;
  }

 private:
  const uint8_t* line_;
  int half_;  // of the lines, if one vector of them is taken
  Quants<Kind> quants_[kQuantGroup];
};

// `steps` words of each of a panel's chains from a block's begin on, as [steps][64]; an odd number is rounded up.
template <class Kind>
void dequantize_panel(const uint8_t* block, int64_t steps, uint32_t* to) {
  constexpr int kWords = Quants<Kind>::kWords;
  for (int64_t step = 0; step < steps; step += kStepsPerQ8Block<Kind>, block += kQ8BlockBytes) {
    const int64_t end = smaller(steps, step + kStepsPerQ8Block<Kind>);
    for (int64_t column = 0; column < kPanelWidth; column += kQuantGroup * kLanes) {
      QuantBlock<Kind> quants(block, column);
      uint32_t* words_of_step = to + step * kPanelWidth + column;
      for (int64_t s = step; s < end; s += kWords) {
        Lanes words[kQuantGroup][kWords];
        quants.template next<2 * kQ8BlockBytes>(words);
        for (int w = 0; w < kWords; ++w, words_of_step += kPanelWidth)
          for (int v = 0; v < kQuantGroup; ++v) store_words(words[v][w], words_of_step + v * kLanes);
      }
    }
  }
}

// Adds the products of the next pair of places; of its words only the first `num_words`.
template <class Kind, int Rows>
inline void add_products(QuantBlock<Kind>& quants,
                         const unsigned char* const (&row)[Rows],
                         int64_t step,
                         int num_words,
                         Lanes (&sum)[Rows][kQuantGroup]) {
  Lanes b[kQuantGroup][Quants<Kind>::kWords];
  quants.template next<3 * kQ8BlockBytes>(b);
#pragma GCC unroll 2
  for (int w = 0; w < num_words; ++w)
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const Lanes a = broadcast_word(row[r] + (step + w) * 4);
#pragma GCC unroll 2
      for (int v = 0; v < kQuantGroup; ++v) sum[r][v] = Kind::step(sum[r][v], a, b[v][w]);
    }
}

// A tile of rows by a panel, from 8-bit weights: multiply() of kernels/cpu/matmul_tile.h, but the panel is passed over once,
// and the sums that find no register wait in memory for their turn in each block.
template <class Kind, int Rows>
[[gnu::noinline]] void multiply_quants(const Tile& tile) {
  constexpr int kWords = Quants<Kind>::kWords, kGroups = static_cast<int>(kPanelWidth / kLanes / kQuantGroup);
  constexpr int64_t kWidth = kQuantGroup * kLanes;
  Lanes sum[kGroups][Rows][kQuantGroup];
  for (int64_t g = 0; g * kWidth < tile.width; ++g) start_sums(tile, g * kWidth, sum[g]);
  const unsigned char* row[Rows];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) row[r] = tile.rows[r] + tile.row_offset;
  const uint8_t* block = tile.quants;
  for (int64_t begin = 0; begin < tile.steps; begin += kStepsPerQ8Block<Kind>, block += kQ8BlockBytes) {
    const int64_t end = smaller(tile.steps, begin + kStepsPerQ8Block<Kind>);
#pragma GCC unroll 2
    for (int64_t g = 0; g < kGroups; ++g) {
      if (g * kWidth >= tile.width) break;
      QuantBlock<Kind> quants(block, g * kWidth);
      int64_t step = begin;
      for (; step + kWords <= end; step += kWords) add_products<Kind>(quants, row, step, kWords, sum[g]);
      if (kWords > 1 && step < end) add_products<Kind>(quants, row, step, 1, sum[g]);
    }
  }
  for (int64_t g = 0; g * kWidth < tile.width; ++g) store_result(tile, g * kWidth, sum[g]);
}

// Rows for which weights become words in registers: with more, words that are written once are the faster ones.
inline constexpr int kQuantRows = kRegisters == 32 ? kTileRows : 3;

template <class Kind, int Rows = 1>
void multiply_quants_tile(const Tile& tile, int64_t num_rows) {
  if (num_rows == Rows) return multiply_quants<Kind, Rows>(tile);
  if constexpr (Rows < kQuantRows) multiply_quants_tile<Kind, Rows + 1>(tile, num_rows);
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
