// SPDX-License-Identifier: Apache-2.0
// Weights to 8 bits and back for one instruction set: a panel's outputs side by side in the lanes, block by block.
#include "kernels/cpu/half.h"
#include "kernels/cpu/matmul_quants.h"
#include "kernels/cpu/quantize_table.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

// One block of a panel as f32: place p of output i is at [row_of_place(p)][i], zeros beyond both ends.
template <class Kind>
struct Block {
  static constexpr int64_t kSwap = std::is_same_v<Kind, WidenedWords> ? 1 : 0;  // odd places before even ones
  alignas(64) uint32_t words[kQ8Places * kPanelWidth];

  template <class T>
  void take(const Chains<T>& chains, int64_t output, int64_t place) {
    const int64_t end = smaller(Kind::num_steps(chains.length), place + kQ8Places);
    pack_panel<Kind>(chains, output, place, end, words);
    for (int64_t i = (end - place) * kPanelWidth; i < kQ8Places * kPanelWidth; ++i) words[i] = 0;
  }
  Lanes at(int64_t place, int64_t column) const { return load_words(words + (place ^ kSwap) * kPanelWidth + column); }
};

// Writes the scales of 16 outputs as f16 and returns what their weights are multiplied by: 1 / d, or 0 where the f16 is 0.
// `is_finite` stays true if all of them are.
template <class Kind>
Lanes write_scales(const Block<Kind>& block, int64_t column, uint16_t* halves, bool& is_finite) {
  const Lanes zero = Lanes::zero();
  Lanes largest = zero, rest = zero;  // the latter becomes a NaN by an infinity or a NaN
  for (int64_t place = 0; place < kQ8Places; ++place) {
    const Lanes w = block.at(place, column);
    largest = max(max(zero - w, w), largest);
    rest = fma(w, zero, rest);
  }
  const Lanes d = largest / Lanes::broadcast(127.0f);
  constexpr float kLeastInfinite = 65520.0f, kMostZero = 0x1p-25f;  // as f16
  is_finite = is_finite && not_less(d, Lanes::broadcast(kLeastInfinite)) == 0 && not_less(rest, zero) == 0xffffu;
  float scales[kLanes];
  d.store(scales);
  for (int64_t i = 0; i < kLanes; ++i) halves[i] = to_half(scales[i]);
  return where_less(Lanes::broadcast(kMostZero), d, Lanes::broadcast(1.0f) / d, zero);
}

// 32 outputs of a block at a time.
template <class Kind>
bool quantize_block(const Block<Kind>& block, uint8_t* to) {
  bool is_finite = true;
  uint8_t* line = to + kQ8ScaleBytes;
  for (int64_t i = 0; i < kPanelWidth; i += 2 * kLanes) {
    auto* halves = reinterpret_cast<uint16_t*>(to) + i;
    const Lanes inverse[2] = {write_scales(block, i, halves, is_finite),
                              write_scales(block, i + kLanes, halves + kLanes, is_finite)};
    if (!is_finite) return false;
    for (int64_t place = 0; place < kQ8Places; place += 2, line += kQ8LineBytes) {
      const Lanes even[2] = {block.at(place, i) * inverse[0], block.at(place, i + kLanes) * inverse[1]};
      const Lanes odd[2] = {block.at(place + 1, i) * inverse[0], block.at(place + 1, i + kLanes) * inverse[1]};
      store_quants(even, odd, line);
    }
  }
  return true;
}

template <class Kind, class T>
bool quantize(const QuantizeJob<T>& job) {
  const Chains<T> chains = rows_of(job.weights);
  Block<Kind> block;
  uint8_t* to = job.panels;
  for (int64_t output = job.output_begin; output < job.output_end; output += kPanelWidth)
    for (int64_t place = 0; place < chains.length; place += kQ8Places, to += kQ8BlockBytes) {
      block.take(chains, output, place);
      if (!quantize_block(block, to)) return false;
    }
  return true;
}

void store_some(const Lanes& x, float* to, int64_t n) {
  if (n == kLanes)
    x.store(to);
  else
    x.store_first(to, static_cast<int>(n));
}
void store_some(const Lanes& x, uint16_t* to, int64_t n) {
  if (n == kLanes)
    x.store_bf16(to);
  else
    x.store_first_bf16(to, static_cast<int>(n));
}

// A block of `outputs` chains, `places` of each, to rows.
template <class T>
void dequantize_block(const uint8_t* block, int64_t outputs, int64_t places, T* to, int64_t stride) {
  alignas(64) uint32_t words[kQ8Places * kPanelWidth], turned[kLanes * kLanes];
  dequantize_panel<F32Words>(block, kQ8Places, words);
  for (int64_t i = 0; i < outputs; i += kLanes)
    for (int64_t place = 0; place < places; place += kLanes) {
      transpose_words(words + place * kPanelWidth + i, kPanelWidth, turned, kLanes);
      for (int64_t j = 0; j < smaller(kLanes, outputs - i); ++j)
        store_some(load_words(turned + j * kLanes), to + (i + j) * stride + place, smaller(kLanes, places - place));
    }
}

template <class T>
void dequantize(const DequantizeJob<T>& job) {
  const uint8_t* block = job.panels;
  T* rows = job.weights;
  for (int64_t output = job.output_begin; output < job.output_end; output += kPanelWidth) {
    for (int64_t place = 0; place < job.k; place += kQ8Places, block += kQ8BlockBytes)
      dequantize_block(block, smaller(kPanelWidth, job.output_end - output), smaller(kQ8Places, job.k - place),
                       rows + place, job.row_stride);
    rows += kPanelWidth * job.row_stride;
  }
}

bool f32(const QuantizeJob<float>& job) { return quantize<F32Words>(job); }
bool bf16(const QuantizeJob<uint16_t>& job) { return quantize<WidenedWords>(job); }
void to_f32(const DequantizeJob<float>& job) { dequantize(job); }
void to_bf16(const DequantizeJob<uint16_t>& job) { dequantize(job); }

}  // namespace

extern const QuantizeTable quantize_functions;
const QuantizeTable quantize_functions = {f32, bf16, to_f32, to_bf16};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
