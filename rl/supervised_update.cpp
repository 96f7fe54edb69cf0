// SPDX-License-Identifier: Apache-2.0
// Supervised updates.
#include "rl/supervised_update.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "base/error.h"
#include "kernels/token_logprobs.h"
#include "rl/balance_loss.h"
#include "rl/mtp_loss.h"
#include "rl/sft_loss.h"

namespace lockstep::rl {
namespace {

int64_t num_targets(const TextRow& row) {
  return static_cast<int64_t>(row.completion.size()) - (row.prompt.empty() ? 1 : 0);
}

// What one micro-batch adds to the update's metrics.
struct Part {
  double loss = 0, mtp_loss = 0, aux_loss = 0;
  model::RoutingStats routing;
};

std::string to_bytes(const Part& part) {
  base::ByteWriter out;
  out.number(part.loss);
  out.number(part.mtp_loss);
  out.number(part.aux_loss);
  out.count(part.routing.counts.size());
  for (const auto& counts : part.routing.counts) {
    const auto flat = counts.defined() ? counts.to(at::kCPU).contiguous() : Tensor();
    out.numbers(flat.defined() ? std::vector<int64_t>(flat.const_data_ptr<int64_t>(), flat.const_data_ptr<int64_t>() + flat.numel())
                               : std::vector<int64_t>());
  }
  return out.take();
}

Part part_of(const std::string& bytes) {
  constexpr size_t kAny = std::numeric_limits<uint32_t>::max();
  base::ByteReader in(bytes);
  Part part;
  part.loss = in.number<double>();
  part.mtp_loss = in.number<double>();
  part.aux_loss = in.number<double>();
  for (size_t layers = in.count(kAny, 1); layers > 0; --layers) {
    const auto counts = in.numbers<int64_t>(kAny);
    part.routing.counts.push_back(counts.empty() ? Tensor() : at::tensor(counts, at::kLong));
  }
  return part;
}

// What the sums of one update are divided by, and how the two losses are mixed.
struct Scales {
  double tokens = 0, mtp_tokens = 0, mtp_loss_coef = 0, aux_loss_alpha = 0, sequences = 0;
};

// alpha times the balance loss of all mixture layers of the trunk, added to `loss`.
Tensor with_balance(const model::Transformer& m, const MicroBatch& micro, const Scales& scales, Tensor loss, Part& part) {
  for (const Tensor& logits : std::exchange(part.routing.logits, {})) {
    if (!logits.defined()) continue;
    double value = 0;
    loss = loss + sequence_balance_loss(logits, micro.row_offsets, m.router(), scales.sequences, &value) * scales.aux_loss_alpha;
    part.aux_loss += value;
  }
  part.routing.keeps_logits = false;
  return loss;
}

Tensor loss_of(const model::Transformer& m, const MicroBatch& micro, const Scales& scales, Part& part) {
  part.routing.keeps_logits = scales.aux_loss_alpha > 0;
  const auto hidden = m.forward(micro.batch, nullptr, &part.routing);
  const auto states = hidden.index_select(0, micro.rows);
  const auto logprobs = kernels::token_logprobs(states, m.head(), micro.targets, 1.0, false).logprobs;
  const auto out = sft_loss(logprobs, {}, scales.tokens);
  part.loss = out.metrics.loss;
  const auto loss = with_balance(m, micro, scales, out.loss, part);
  if (scales.mtp_loss_coef <= 0) return loss;
  const auto ahead = mtp_loss(m, micro, hidden, scales.mtp_tokens, /*is_detached=*/false, &part.routing);
  part.mtp_loss = ahead.value;
  return ahead.loss.defined() ? loss + ahead.loss * scales.mtp_loss_coef : loss;
}

}  // namespace

std::vector<TextRow> next_rows(const TextRows& source, int64_t batch_tokens, uint64_t& cursor) {
  std::vector<TextRow> rows;
  for (int64_t tokens = 0; tokens < batch_tokens;) {
    auto row = source.row(cursor++);
    if (num_targets(row) < 1) continue;
    tokens += num_targets(row);
    rows.push_back(std::move(row));
  }
  return rows;
}

SupervisedMetrics accumulate_supervised(Learner& learner,
                                        const std::vector<TextRow>& rows,
                                        double mtp_loss_coef,
                                        int64_t max_tokens,
                                        double aux_loss_alpha) {
  const auto& m = learner.model();
  SupervisedMetrics out;
  Scales scales;
  if (m.config().num_nextn_predict_layers > 0) scales.mtp_loss_coef = mtp_loss_coef;
  std::vector<PackRow> pack_rows;
  for (const auto& row : rows) {
    const auto index = static_cast<int64_t>(pack_rows.size());
    pack_rows.push_back({&row.prompt, &row.completion, index, index});
    out.num_tokens += num_targets(row);
    scales.mtp_tokens += static_cast<double>(num_mtp_targets(num_targets(row)));
  }
  scales.tokens = static_cast<double>(out.num_tokens);
  scales.sequences = static_cast<double>(rows.size());
  scales.aux_loss_alpha = aux_loss_alpha;
  const auto micros = pack(pack_rows, {max_tokens, learner.num_shards(), m.options().device});
  std::vector<Part> parts(micros.size());
  learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer& replica, int index) {
    return loss_of(replica, micros[static_cast<size_t>(index)], scales, parts[static_cast<size_t>(index)]);
  });
  learner.share<Part>(parts, &to_bytes, &part_of);
  for (const auto& part : parts) {
    out.loss += part.loss;
    out.mtp_loss += part.mtp_loss;
    out.aux_loss += part.aux_loss;
    if (!part.routing.counts.empty()) out.routing.add(part.routing);
  }
  return out;
}

void update_router_bias(model::Transformer& model, const model::RoutingStats& routing, double rate) {
  size_t layer = 0;
  for (auto& p : model.parameters()) {
    if (p.is_trainable) continue;  // the router biases are the only parameters without gradients, in layer order
    LOCKSTEP_CHECK(layer < routing.counts.size(), "one load vector per mixture layer");
    const auto& counts = routing.counts[layer++];
    if (!counts.defined()) continue;
    const auto load = counts.to(at::kFloat);
    p.value.add_((load.mean() - load).sign(), rate);
  }
}

double max_violation(const model::RoutingStats& routing) {
  double worst = 0;
  for (const auto& counts : routing.counts) {
    if (!counts.defined()) continue;
    const auto load = counts.to(at::kDouble);
    worst = std::max(worst, (load.max() / load.mean()).item<double>() - 1.0);
  }
  return worst;
}

}  // namespace lockstep::rl
