// SPDX-License-Identifier: Apache-2.0
// The matrix products for one instruction set: blocks of rows, panels of outputs and blocks of the chain around the tiles.
#include "kernels/cpu/matmul_quants.h"
#include "kernels/cpu/matmul_table.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

// A block of a panel is used by all tiles of rows before the next one is: it stays in the L2 cache where a tile spans the
// panel, and in L1 where the panel is walked once for each vector of outputs. Blocks that are written first are smaller.
constexpr bool kTilesSpanPanels = tile_vectors<kTileRows>() * kLanes == kPanelWidth;
constexpr int64_t kBlockSteps = kTilesSpanPanels ? 1024 : 96;
constexpr int64_t kWrittenSteps = kTilesSpanPanels ? 480 : 96;
constexpr int64_t kFetchedSteps = 24;         // ahead, of a panel that is passed over once
constexpr int64_t kBlockRows = 240;           // so that their sums and a block of B share the L2 cache
constexpr int64_t kPieceSteps = 480;          // of A, if it is rearranged: a block of it stays in the L2 cache
constexpr int64_t kPackedRowWords = 1 << 17;  // of A, if a block of its rows is rearranged whole
constexpr int64_t kScratchWords = 1 << 21;    // of all of A, or of one panel of B, while every panel is rearranged once

// A block of A's rows, or a piece of it along the chains, as words.
struct Rows {
  const unsigned char* row[kBlockRows];  // where step_begin's word is
  int64_t begin, count;
  int64_t step_begin, step_end;
  const uint32_t* panel = nullptr;  // of B, rearranged whole, or null
};

template <class Kind, class T>
constexpr bool reads_in_place(const Chains<T>& a) {
  return std::is_same_v<Kind, F32Words> || std::is_same_v<Kind, PairWords>
             ? a.has_unit_steps() && Kind::num_steps(a.length) == Kind::num_whole_steps(a.length)
             : false;
}

// Words from one rearranged row to the next: no power of two, for other cache sets.
int64_t packed_stride(int64_t steps) { return round_up(steps, kLanes) + kLanes; }

// The words where they are, or at `packed`.
template <class Kind, class T>
void point_at_rows(const Chains<T>& a, const uint32_t* packed, int64_t stride, Rows& rows) {
  for (int64_t i = 0; i < rows.count; ++i)
    rows.row[i] = packed ? reinterpret_cast<const unsigned char*>(packed + i * stride)
                         : reinterpret_cast<const unsigned char*>(a.at(rows.begin + i, 0));
}

// The words where they are, or rearranged.
template <class Kind, class T>
void prepare_rows(const Chains<T>& a, Rows& rows) {
  uint32_t* packed = nullptr;
  const int64_t stride = packed_stride(rows.step_end - rows.step_begin);
  if (!reads_in_place<Kind>(a)) {
    packed = matmul_scratch(MatmulScratch::rows, round_up(rows.count, kLanes) * stride);
    pack_rows<Kind>(a, rows.begin, rows.begin + rows.count, rows.step_begin, rows.step_end, packed, stride);
  }
  point_at_rows<Kind>(a, packed, stride, rows);
}

template <class T>
bool multiplies_quants(const MatmulJob<T>& job) {
  return job.quants && job.a.rows <= kQuantRows;
}

// The block that begins with step `begin` of the panel of outputs `column`.
template <class Kind, class T>
const uint8_t* quants_at(const MatmulJob<T>& job, int64_t column, int64_t begin) {
  const int64_t blocks = column / kPanelWidth * q8_blocks(job.a.cols) + begin / kStepsPerQ8Block<Kind>;
  return job.quants + blocks * kQ8BlockBytes;
}

// Of one panel at a time: all multiples of a block of 8-bit weights.
template <class Kind, class T>
int64_t block_steps(const MatmulJob<T>& job) {
  if (multiplies_quants(job)) return kBlockSteps;
  return job.panels && !std::is_same_v<Kind, WidenedWords> ? kBlockSteps : kWrittenSteps;
}

// Steps `begin` and following of the panel of outputs `column`: where they are (at `packed` if that is not null), or rearranged, or widened, or dequantised.
template <class Kind, class T>
void prepare_panel(const MatmulJob<T>& job, const uint32_t* packed, int64_t column, int64_t begin, Tile& tile) {
  constexpr bool is_widened = std::is_same_v<Kind, WidenedWords>;
  if (packed) {
    tile.panel = packed + begin * kPanelWidth;
    tile.fetched = tile.panel + tile.steps * kPanelWidth;
    return;
  }
  if (job.panels && !is_widened) {
    tile.panel = job.panels + column * Kind::num_steps(job.a.cols) + begin * kPanelWidth;
    tile.fetched = tile.panel + (kTilesSpanPanels ? kFetchedSteps : tile.steps) * kPanelWidth;
    tile.can_fetch_next = kTilesSpanPanels;
    return;
  }
  if (multiplies_quants(job)) {
    tile.quants = quants_at<Kind>(job, column, begin);
    return;
  }
  uint32_t* block = matmul_scratch(MatmulScratch::panel, kWrittenSteps * kPanelWidth);
  tile.panel = tile.fetched = block;
  if (job.quants) {
    dequantize_panel<Kind>(quants_at<Kind>(job, column, begin), tile.steps, block);
    tile.fetched = reinterpret_cast<const uint32_t*>(quants_at<Kind>(job, column, begin + tile.steps));
    tile.fetched_shift = Kind::kElements == 1 ? 2 : 1;
    return;
  }
  if constexpr (is_widened) {
    if (job.panels) {
      const uint32_t* pairs = job.panels + column * PairWords::num_steps(job.a.cols) + begin / 2 * kPanelWidth;
      widen_panel(pairs, tile.steps, block);
      tile.fetched = pairs + tile.steps / 2 * kPanelWidth;
      tile.fetched_shift = 1;
      return;
    }
  }
  pack_panel<Kind>(columns_of(job.b), column, begin, begin + tile.steps, block);
}

template <class Kind>
void multiply_block(const Rows& rows, Tile tile) {
  const int64_t tiles = (rows.count + kTileRows - 1) / kTileRows;
  constexpr int64_t kLines = kPanelWidth / kLanes;  // of a step
  float* const sums = tile.sums;
  uint16_t* const rounded = tile.rounded;
  for (int64_t i = 0, row = 0; i < tiles; ++i) {
    const int64_t end = rows.count * (i + 1) / tiles;  // tiles of nearly the same height
    tile.rows = rows.row + row;
    tile.sums = sums + row * tile.sums_stride;
    if (rounded) tile.rounded = rounded + row * tile.rounded_stride;
    if (tile.can_fetch_next && i > 0) {
      tile.fetched_lines = static_cast<int>((kLines + tiles - 2) / (tiles - 1));
      tile.fetched = tile.panel + (tile.steps * kLines + (i - 1) * tile.steps * tile.fetched_lines) * kLanes;
    }
    if (tile.quants)
      multiply_quants_tile<Kind>(tile, end - row);
    else
      multiply_tile<Kind>(tile, end - row);
    row = end;
  }
}

// A block of rows times one panel.
template <class Kind, class T>
void multiply_panel(const MatmulJob<T>& job, const Rows& rows, int64_t column) {
  const int64_t c_offset = rows.begin * job.c_stride + column - job.column_begin;
  Tile tile{};
  tile.width = smaller(kPanelWidth, job.column_end - column);
  tile.sums = job.rounded ? reinterpret_cast<float*>(matmul_scratch(MatmulScratch::sums, kBlockRows * kPanelWidth))
                          : job.sums + c_offset;
  tile.sums_stride = job.rounded ? kPanelWidth : job.c_stride;
  tile.rounded_stride = job.c_stride;
  tile.starts_at_zero = !job.accumulates && rows.step_begin == 0;
  int64_t step = rows.step_begin;
  do {
    const int64_t end = smaller(rows.step_end, step + block_steps<Kind>(job));
    tile.steps = end - step;
    tile.row_offset = (step - rows.step_begin) * static_cast<int64_t>(sizeof(uint32_t));
    prepare_panel<Kind>(job, rows.panel, column, step, tile);
    tile.rounded = job.rounded && end == rows.step_end ? job.rounded + c_offset : nullptr;
    multiply_block<Kind>(rows, tile);
    tile.starts_at_zero = false;
    step = end;
  } while (step < rows.step_end);
}

// Whether all of A, and a whole panel of B, may be rearranged at once, for more rows than a block has.
template <class Kind, class T>
bool rearranges_once(const MatmulJob<T>& job, const Chains<T>& a) {
  const int64_t steps = Kind::num_steps(a.length), stride = packed_stride(steps);
  return !job.panels && !job.quants && a.count > kBlockRows && steps * kPanelWidth <= kScratchWords &&
         (reads_in_place<Kind>(a) || round_up(a.count, kLanes) * stride <= kScratchWords);
}

// Each panel of B is rearranged once and passed over by every block of rows.
template <class Kind, class T>
void multiply_panel_by_panel(const MatmulJob<T>& job, const Chains<T>& a) {
  const int64_t steps = Kind::num_steps(a.length), stride = packed_stride(steps);
  uint32_t* packed = nullptr;
  if (!reads_in_place<Kind>(a)) {
    packed = matmul_scratch(MatmulScratch::rows, round_up(a.count, kLanes) * stride);
    pack_rows<Kind>(a, 0, a.count, 0, steps, packed, stride);
  }
  uint32_t* panel = matmul_scratch(MatmulScratch::panel, steps * kPanelWidth);
  Rows rows;
  rows.step_begin = 0;
  rows.step_end = steps;
  rows.panel = panel;
  for (int64_t column = job.column_begin; column < job.column_end; column += kPanelWidth) {
    pack_panel<Kind>(columns_of(job.b), column, 0, steps, panel);
    for (rows.begin = 0; rows.begin < a.count; rows.begin += rows.count) {
      rows.count = smaller(kBlockRows, a.count - rows.begin);
      point_at_rows<Kind>(a, packed ? packed + rows.begin * stride : nullptr, stride, rows);
      multiply_panel<Kind>(job, rows, column);
    }
  }
}

// Rows in blocks; the chains whole where A is read in place, else in pieces, so that little of A is rearranged at a time
// and each panel of B is read for many rows. Chains that end in bf16 are not cut: their sums have no place to wait.
template <class Kind, class T>
void multiply_matrices(const MatmulJob<T>& job) {
  const Chains<T> a = rows_of(job.a);
  if (rearranges_once<Kind>(job, a)) return multiply_panel_by_panel<Kind>(job, a);
  const int64_t steps = Kind::num_steps(a.length);
  const bool is_cut = !reads_in_place<Kind>(a) && !job.rounded;
  int64_t block_rows = kBlockRows;
  if (!reads_in_place<Kind>(a) && job.rounded)
    block_rows = larger(8 * kTileRows, smaller(kBlockRows, kPackedRowWords / larger(1, steps) / kTileRows * kTileRows));
  Rows rows;
  for (rows.begin = 0; rows.begin < a.count; rows.begin += rows.count) {
    rows.count = smaller(block_rows, a.count - rows.begin);
    rows.step_begin = 0;
    do {
      rows.step_end = is_cut ? smaller(steps, rows.step_begin + kPieceSteps) : steps;
      prepare_rows<Kind>(a, rows);
      for (int64_t column = job.column_begin; column < job.column_end; column += kPanelWidth)
        multiply_panel<Kind>(job, rows, column);
      rows.step_begin = rows.step_end;
    } while (rows.step_begin < steps);
  }
}

template <class Kind, class T>
void pack(const PackJob<T>& job) {
  const Chains<T> chains = rows_of(job.weights);
  const int64_t steps = Kind::num_steps(chains.length);
  uint32_t* to = job.panels;
  for (int64_t output = job.output_begin; output < job.output_end; output += kPanelWidth, to += steps * kPanelWidth)
    pack_panel<Kind>(chains, output, 0, steps, to);
}

void f32(const MatmulJob<float>& job) { multiply_matrices<F32Words>(job); }
void bf16(const MatmulJob<uint16_t>& job) { multiply_matrices<Bf16Words>(job); }
void pack_f32(const PackJob<float>& job) { pack<F32Words>(job); }
void pack_bf16(const PackJob<uint16_t>& job) { pack<PairWords>(job); }

}  // namespace

extern const MatmulTable matmul_functions;
const MatmulTable matmul_functions = {f32, bf16, pack_f32, pack_bf16};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
