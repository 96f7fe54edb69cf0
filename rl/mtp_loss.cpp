// SPDX-License-Identifier: Apache-2.0
// Predictions two tokens ahead.
#include "rl/mtp_loss.h"

#include <ATen/ATen.h>

#include "kernels/token_logprobs.h"
#include "rl/sft_loss.h"

namespace lockstep::rl {
namespace {

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

}  // namespace

MtpLoss mtp_loss(const model::Transformer& model, const MicroBatch& micro, const Tensor& hidden, double total, bool is_detached,
                 model::RoutingStats* stats) {
  const auto mtp = mtp_targets(micro);
  if (mtp.rows.empty()) return {};
  const auto options = micro.targets.options();
  const auto states = model.forward_mtp(micro.batch, is_detached ? hidden.detach() : hidden, next_ids(micro), stats, nullptr, is_detached);
  const auto rows = micro.rows.index_select(0, at::tensor(mtp.rows, options));
  const auto targets = micro.targets.index_select(0, at::tensor(mtp.targets, options));
  const auto logprobs = kernels::token_logprobs(states.index_select(0, rows), is_detached ? model.head().detach() : model.head(), targets, 1.0, false).logprobs;
  const auto out = sft_loss(logprobs, {}, total);
  return {out.loss, out.metrics.loss, static_cast<double>(mtp.rows.size())};
}

}  // namespace lockstep::rl
