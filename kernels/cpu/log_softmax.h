// SPDX-License-Identifier: Apache-2.0
// Log-softmax of logit rows as one streaming pass: token log-probs, entropy and their gradient without a [N, V] softmax.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/cpu/dtype.h"
#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu {

// A row is summed in blocks of this many columns, counted from column 0. The order is part of the contract.
inline constexpr int64_t kSoftmaxBlock = 512;

// What has been seen of a row, with l = logit / temperature. As it stands, nothing.
struct SoftmaxSums {
  float max = -std::numeric_limits<float>::infinity();
  double sum = 0;       // of exp(l - max)
  double weighted = 0;  // of exp(l - max) (l - max)
};

// Columns of rows. `columns` is a multiple of kSoftmaxBlock unless they end their rows, so that blocks begin at multiples
// of it however the vocabulary is cut into calls.
struct LogitRows {
  int64_t rows = 0, columns = 0;
  const float* logits = nullptr;  // [N, columns]
  int64_t stride = 0;
  float temperature = 1;  // > 0; logits are divided by it
};

// sums[n] goes on over these columns. Per block: its largest l joins max; with the new max, lane j % 16 adds exp(l_j - max)
// in ascending j, lanes are added by halves, all in f32; what was summed before is multiplied by exp(old max - new max) and
// the block is added to it, in one fma of f64, so that a vocabulary of any size keeps the accuracy of a block. Online softmax (Milakov and Gimelshein 2018, arXiv:1805.02867) with a fixed order.
// A NaN or +inf among the logits makes the sum a NaN; a row of nothing but -inf has sum 0 and no log-prob but NaN.
void add_softmax_sums(const LogitRows& a, SoftmaxSums* sums, Isa isa = isa());

// logprobs[n] = (logits[n] / temperature - max) - log(sum), sum rounded to f32, for the target's logit of each row.
// entropy[n] = log(sum) - weighted / sum, in nats; null: not wanted.
struct TokenLogprobs {
  int64_t rows = 0;
  const float* logits = nullptr;  // [N], the target's
  float temperature = 1;
  const SoftmaxSums* sums = nullptr;  // [N], of whole rows
  float* logprobs = nullptr;          // [N]
  float* entropy = nullptr;           // [N]
};
void token_logprobs(const TokenLogprobs& a, Isa isa = isa());

// d logits[n, j] = (onehot_j - p_j) * (g[n] / temperature), p_j = exp(l_j - max) * (1 / sum), rounded once to `dtype`.
// With g_entropy also, by one fma, the entropy's part: p_j * (mean - (l_j - max)) * (g_entropy[n] / temperature), where
// mean = weighted / sum rounded to f32 is the expectation of l - max, so that mean - (l_j - max) = -(log p_j + entropy).
struct LogSoftmaxGrad {
  LogitRows in;
  int64_t first_column = 0;           // of the vocabulary, to find the targets
  const SoftmaxSums* sums = nullptr;  // [N], of whole rows
  const int64_t* targets = nullptr;   // [N]
  const float* g = nullptr;           // [N], gradient of the log-prob
  Dtype dtype = Dtype::f32;
  void* d_logits = nullptr;  // [N, columns]; may be the logits if f32
  int64_t d_logits_stride = 0;
  const float* g_entropy = nullptr;  // [N], gradient of the entropy; null: none
};
void log_softmax_grad(const LogSoftmaxGrad& a, Isa isa = isa());

struct LogSoftmaxKernels {
  void (*add_sums)(const LogitRows&, SoftmaxSums*);
  void (*logprobs)(const TokenLogprobs&);
  void (*grad)(const LogSoftmaxGrad&);
};

}  // namespace lockstep::kernels::cpu
