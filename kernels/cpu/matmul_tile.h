// SPDX-License-Identifier: Apache-2.0
// The micro-kernel of the matrix products: a tile of a few rows by up to 64 outputs whose sums stay in registers.
#pragma once

#include "kernels/cpu/matmul_pack.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {

struct Tile {
  const unsigned char* const* rows;  // of A, words; the step below begins at rows[r] + row_offset (bytes)
  int64_t row_offset;
  const uint32_t* panel;  // of B, [steps][64] words, or null, and then
  const uint8_t* quants;  // blocks of a panel of 8-bit weights
  // What is read soon, fetched line by line along the steps. While few rows use it the panel streams from memory, and a
  // block that is passed over several times would leave the memory idle after the first pass.
  const uint32_t* fetched;
  int fetched_shift;  // 1: half as many lines as this block has, 2: a quarter
  // Lines a step, one after the other from `fetched`, to L2: the next block, shared out over the tiles after the first, while
  // the first one fetches its own. 0: as many as this block has.
  int fetched_lines;
  bool can_fetch_next;  // the panels lie one behind the other, as they were packed
  int64_t steps;
  float* sums;  // [rows, width]: where the chains are, and where they go unless they are rounded
  int64_t sums_stride;
  bool starts_at_zero;
  uint16_t* rounded;  // [rows, width], or null: bf16 results
  int64_t rounded_stride;
  int64_t width;  // outputs, 1..64
};

inline constexpr int kTileRows = 6;

// Vectors of outputs at a time for tiles of so many rows: sums, one line of B and one word of A fit in the registers.
template <int Rows>
constexpr int tile_vectors() {
  if (sizeof(Lanes) == 64 && kRegisters == 32) return 4;
  return Rows == 1 ? 4 : Rows <= 3 ? 2 : 1;
}

// So many of the tile's outputs from `column` on as lanes v hold; none if they begin beyond them.
inline int outputs_of(const Tile& tile, int64_t column, int v) {
  return static_cast<int>(larger(0, smaller(kLanes, tile.width - column - v * kLanes)));
}

template <int Rows, int Vectors>
inline void load_sums(const Tile& tile, int64_t column, Lanes (&sum)[Rows][Vectors]) {
  const float* from = tile.sums + column;
  const bool is_whole = column + Vectors * kLanes <= tile.width;
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r, from += tile.sums_stride)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      if (is_whole)
        sum[r][v] = Lanes::load(from + v * kLanes);
      else
        sum[r][v] = Lanes::load_first(from + v * kLanes, outputs_of(tile, column, v));
    }
}

// Zeros, and the lines of the result are fetched, to be there when it is stored.
template <int Rows, int Vectors>
inline void clear_sums(const Tile& tile, int64_t column, Lanes (&sum)[Rows][Vectors]) {
  constexpr int kLine = 64;
  const int64_t element = tile.rounded ? sizeof(uint16_t) : sizeof(float);
  const int64_t stride = element * (tile.rounded ? tile.rounded_stride : tile.sums_stride);
  const char* result =
      tile.rounded ? reinterpret_cast<const char*>(tile.rounded) : reinterpret_cast<const char*>(tile.sums);
  result += element * column;
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r, result += stride)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      sum[r][v] = Lanes::zero();
      __builtin_prefetch(result + v * kLine, 1);
    }
}

template <int Rows, int Vectors>
inline void store_rounded(const Tile& tile, int64_t column, const Lanes (&sum)[Rows][Vectors]) {
  uint16_t* to = tile.rounded + column;
  const bool is_whole = column + Vectors * kLanes <= tile.width;
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r, to += tile.rounded_stride)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      if (is_whole)
        sum[r][v].store_bf16(to + v * kLanes);
      else
        sum[r][v].store_first_bf16(to + v * kLanes, outputs_of(tile, column, v));
    }
}

template <int Rows, int Vectors>
inline void store_sums(const Tile& tile, int64_t column, const Lanes (&sum)[Rows][Vectors]) {
  float* to = tile.sums + column;
  const bool is_whole = column + Vectors * kLanes <= tile.width;
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r, to += tile.sums_stride)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      if (is_whole)
        sum[r][v].store(to + v * kLanes);
      else
        sum[r][v].store_first(to + v * kLanes, outputs_of(tile, column, v));
    }
}

template <int Rows, int Vectors>
inline void start_sums(const Tile& tile, int64_t column, Lanes (&sum)[Rows][Vectors]) {
  if (tile.starts_at_zero)
    clear_sums(tile, column, sum);
  else
    load_sums(tile, column, sum);
}

template <int Rows, int Vectors>
inline void store_result(const Tile& tile, int64_t column, const Lanes (&sum)[Rows][Vectors]) {
  if (tile.rounded)
    store_rounded(tile, column, sum);
  else
    store_sums(tile, column, sum);
}

template <int Vectors>
inline void prefetch_lines(const uint32_t* line) {
#pragma GCC unroll 4
  for (int v = 0; v < Vectors; ++v) {
    if (Vectors * kLanes == kPanelWidth)
      __builtin_prefetch(line + v * kLanes);
    else
      __builtin_prefetch(line + v * kLanes, 0, 2);  // to L2: L1 is full with this block
  }
}

// Not inlined: beside the surrounding loops' variables the rows' pointers would not stay in registers.
template <class Kind, int Rows, int Vectors>
[[gnu::noinline]] void multiply(const Tile& tile, int64_t column) {
  Lanes sum[Rows][Vectors];
  start_sums(tile, column, sum);
  const unsigned char* row[Rows];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) row[r] = tile.rows[r] + tile.row_offset;
  constexpr int64_t kWidth = Vectors * kLanes;
  const uint32_t* line = tile.panel + column;
  for (int64_t step = 0; step < tile.steps; ++step, line += kPanelWidth) {
    Lanes b[Vectors];
    if (tile.fetched_lines == 0)
      prefetch_lines<Vectors>(tile.fetched + ((column * tile.steps + step * kWidth) >> tile.fetched_shift));
    else
      for (int i = 0; i < tile.fetched_lines; ++i)
        __builtin_prefetch(tile.fetched + (step * tile.fetched_lines + i) * kLanes, 0, 2);
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) b[v] = load_words(line + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const Lanes a = broadcast_word(row[r] + step * 4);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sum[r][v] = Kind::step(sum[r][v], a, b[v]);
    }
  }
  store_result(tile, column, sum);
}

template <class Kind, int Rows>
void multiply_rows(const Tile& tile) {
  constexpr int kVectors = tile_vectors<Rows>();
  const int64_t vectors = (tile.width + kLanes - 1) / kLanes;
  int64_t v = 0;
  for (; v + kVectors <= vectors; v += kVectors) multiply<Kind, Rows, kVectors>(tile, v * kLanes);
  if constexpr (kVectors > 3)
    if (vectors - v == 3) return multiply<Kind, Rows, 3>(tile, v * kLanes);
  if constexpr (kVectors > 2)
    if (vectors - v == 2) return multiply<Kind, Rows, 2>(tile, v * kLanes);
  if constexpr (kVectors > 1)
    if (vectors - v == 1) multiply<Kind, Rows, 1>(tile, v * kLanes);
}

template <class Kind>
void multiply_tile(const Tile& tile, int64_t num_rows) {
  switch (num_rows) {
    case 1:
      return multiply_rows<Kind, 1>(tile);
    case 2:
      return multiply_rows<Kind, 2>(tile);
    case 3:
      return multiply_rows<Kind, 3>(tile);
    case 4:
      return multiply_rows<Kind, 4>(tile);
    case 5:
      return multiply_rows<Kind, 5>(tile);
    default:
      return multiply_rows<Kind, 6>(tile);
  }
}

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
