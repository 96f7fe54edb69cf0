// SPDX-License-Identifier: Apache-2.0
// The balance of experts within a sequence, and its slope.
#include "rl/balance_loss.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "rl/exact_math.h"
#include "rl/loss_flat.h"

namespace lockstep::rl {
namespace {

using Router = kernels::RouterOptions;

// Affinities of one token: `share` is s_i / total, `slope` is ds_i/dl_i, `total` the sum of all s.
struct Token {
  std::vector<double> share, slope;
  double total = 0;
};

Token affinities(const double* logits, size_t count, const Router& router) {
  Token out{std::vector<double>(count), std::vector<double>(count), 0};
  const double largest = *std::max_element(logits, logits + count);
  for (size_t e = 0; e < count; ++e) {
    const bool is_sigmoid = router.scoring == Router::Scoring::sigmoid;
    const double s = is_sigmoid ? 1 / (1 + exp_exact(-logits[e])) : exp_exact(logits[e] - largest);
    out.share[e] = s;
    out.slope[e] = is_sigmoid ? s * (1 - s) : s;  // softmax: of exp(l - max), whose normalisation is the division's
    out.total += s;
  }
  for (double& s : out.share) s /= out.total;
  return out;
}

void count_largest(const std::vector<double>& share, int64_t k, std::vector<double>& counts) {
  std::vector<size_t> order(share.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return share[a] > share[b]; });
  for (int64_t i = 0; i < k; ++i) counts[order[static_cast<size_t>(i)]] += 1;
}

// One sequence: its value; `gradient` of its rows is written.
double add_sequence(const double* logits, size_t rows, size_t experts, const Router& router, double scale, double* gradient) {
  std::vector<Token> tokens;
  std::vector<double> f(experts, 0.0), p(experts, 0.0);
  for (size_t t = 0; t < rows; ++t) {
    tokens.push_back(affinities(logits + t * experts, experts, router));
    count_largest(tokens.back().share, router.num_experts_per_tok, f);
    for (size_t e = 0; e < experts; ++e) p[e] += tokens.back().share[e] / static_cast<double>(rows);
  }
  double value = 0;
  for (size_t e = 0; e < experts; ++e) {
    f[e] *= static_cast<double>(experts) / (static_cast<double>(router.num_experts_per_tok) * static_cast<double>(rows));
    value += f[e] * p[e];
  }
  // d (s_i / S) / d s_j = (delta_ij - share_i) / S.
  for (size_t t = 0; t < rows; ++t) {
    double mean = 0;
    for (size_t e = 0; e < experts; ++e) mean += f[e] * tokens[t].share[e];
    for (size_t e = 0; e < experts; ++e)
      gradient[t * experts + e] = scale * (f[e] - mean) * tokens[t].slope[e] / tokens[t].total / static_cast<double>(rows);
  }
  return scale * value;
}

}  // namespace

Tensor sequence_balance_loss(const Tensor& logits, const std::vector<int64_t>& offsets, const Router& router, double num_sequences,
                             double* value) {
  LOCKSTEP_CHECK(logits.dim() == 2 && offsets.back() == logits.size(0), "logits [N, E] of whole sequences");
  const auto experts = static_cast<size_t>(logits.size(1)), size = static_cast<size_t>(logits.numel());
  const auto flat = logits.reshape({-1});
  const auto values = flat_values(flat, size, 0, "router logits");
  std::vector<double> gradient(size, 0.0);
  *value = 0;
  for (size_t q = 0; q + 1 < offsets.size(); ++q) {
    const auto begin = static_cast<size_t>(offsets[q]) * experts;
    const auto rows = static_cast<size_t>(offsets[q + 1] - offsets[q]);
    if (rows > 0) *value += add_sequence(values.data() + begin, rows, experts, router, 1 / num_sequences, gradient.data() + begin);
  }
  return scalar_with_gradient(flat, *value, gradient);
}

}  // namespace lockstep::rl
