// SPDX-License-Identifier: Apache-2.0
// Supervised updates.
#include "rl/supervised_update.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "kernels/token_logprobs.h"
#include "rl/sft_loss.h"
#include "rollout/remote/bytes.h"

namespace lockstep::rl {
namespace {

int64_t num_targets(const TextRow& row) {
  return static_cast<int64_t>(row.completion.size()) - (row.prompt.empty() ? 1 : 0);
}

// Places whose token after the target is known too: (row of the batch, index of the target in the micro-batch).
struct MtpTargets {
  std::vector<int64_t> rows, targets;
};

// Within a sample, target t's hidden row also predicts target t + 1 once it is given target t's embedding.
MtpTargets mtp_targets(const MicroBatch& micro) {
  MtpTargets out;
  for (size_t s = 0; s + 1 < micro.sample_offsets.size(); ++s)
    for (int64_t t = micro.sample_offsets[s]; t + 1 < micro.sample_offsets[s + 1]; ++t) {
      out.rows.push_back(t);
      out.targets.push_back(t + 1);
    }
  return out;
}

// The id that follows each row of the batch. Prompt rows predict nothing but are keys of the module's attention: each is
// followed by the next row, as rows of one sample lie side by side and none shares its prompt. The last row of a sample
// always predicts.
Tensor next_ids(const MicroBatch& micro) {
  auto next = micro.batch.ids.roll(-1);
  next.index_copy_(0, micro.rows, micro.targets);
  return next;
}

// What one micro-batch adds to the update's metrics.
struct Part {
  double loss = 0, mtp_loss = 0;
  model::RoutingStats routing;
};

std::string to_bytes(const Part& part) {
  rollout::remote::ByteWriter out;
  out.number(part.loss);
  out.number(part.mtp_loss);
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
  rollout::remote::ByteReader in(bytes);
  Part part;
  part.loss = in.number<double>();
  part.mtp_loss = in.number<double>();
  for (size_t layers = in.count(kAny, 1); layers > 0; --layers) {
    const auto counts = in.numbers<int64_t>(kAny);
    part.routing.counts.push_back(counts.empty() ? Tensor() : at::tensor(counts, at::kLong));
  }
  return part;
}

// What the sums of one update are divided by, and how the two losses are mixed.
struct Scales {
  double tokens = 0, mtp_tokens = 0, mtp_loss_coef = 0;
};

// mtp_loss_coef * mean MTP NLL of a micro-batch, undefined when none of its samples is long enough.
Tensor mtp_loss(const model::Transformer& m, const MicroBatch& micro, const Tensor& hidden, const Scales& scales, Part& part) {
  const auto mtp = mtp_targets(micro);
  if (mtp.rows.empty()) return {};
  const auto options = micro.targets.options();
  const auto states = m.forward_mtp(micro.batch, hidden, next_ids(micro), &part.routing);
  const auto rows = micro.rows.index_select(0, at::tensor(mtp.rows, options));
  const auto targets = micro.targets.index_select(0, at::tensor(mtp.targets, options));
  const auto logprobs = kernels::token_logprobs(states.index_select(0, rows), m.head(), targets, 1.0, false).logprobs;
  const auto out = sft_loss(logprobs, {}, scales.mtp_tokens);
  part.mtp_loss = out.metrics.loss;
  return out.loss * scales.mtp_loss_coef;
}

Tensor loss_of(const model::Transformer& m, const MicroBatch& micro, const Scales& scales, Part& part) {
  const auto hidden = m.forward(micro.batch, nullptr, &part.routing);
  const auto states = hidden.index_select(0, micro.rows);
  const auto logprobs = kernels::token_logprobs(states, m.head(), micro.targets, 1.0, false).logprobs;
  const auto out = sft_loss(logprobs, {}, scales.tokens);
  part.loss = out.metrics.loss;
  const auto ahead = scales.mtp_loss_coef > 0 ? mtp_loss(m, micro, hidden, scales, part) : Tensor();
  return ahead.defined() ? out.loss + ahead : out.loss;
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
                                        int64_t max_tokens) {
  const auto& m = learner.model();
  SupervisedMetrics out;
  Scales scales;
  if (m.config().num_nextn_predict_layers > 0) scales.mtp_loss_coef = mtp_loss_coef;
  std::vector<PackRow> pack_rows;
  for (const auto& row : rows) {
    const auto index = static_cast<int64_t>(pack_rows.size());
    pack_rows.push_back({&row.prompt, &row.completion, index, index});
    out.num_tokens += num_targets(row);
    scales.mtp_tokens += static_cast<double>(std::max<int64_t>(0, num_targets(row) - 1));
  }
  scales.tokens = static_cast<double>(out.num_tokens);
  const auto micros = pack(pack_rows, {max_tokens, learner.num_shards(), m.options().device});
  std::vector<Part> parts(micros.size());
  learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer& replica, int index) {
    return loss_of(replica, micros[static_cast<size_t>(index)], scales, parts[static_cast<size_t>(index)]);
  });
  learner.share<Part>(parts, &to_bytes, &part_of);
  for (const auto& part : parts) {
    out.loss += part.loss;
    out.mtp_loss += part.mtp_loss;
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
