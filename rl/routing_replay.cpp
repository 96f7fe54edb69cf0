// SPDX-License-Identifier: Apache-2.0
// Recorded experts as rows of a batch.
#include "rl/routing_replay.h"

#include <ATen/ops/full.h>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

size_t count_moe_layers(const model::ModelConfig& model) {
  size_t count = 0;
  for (int64_t layer = 0; layer < model.num_hidden_layers; ++layer) count += model.is_moe_layer(layer);
  return count;
}

void check_recorded(const rollout::Completion& completion, size_t expected, const model::ModelConfig& model) {
  if (completion.experts.size() != expected)
    throw Error(cat("a completion of ", completion.ids.size(), " tokens has ", completion.experts.size(), " recorded experts, not ", expected),
                "grpo.routing_replay", "set engine.record_routing to true, and draw with this model");
  for (const uint16_t expert : completion.experts)
    if (expert >= model.num_experts)
      throw Error(cat("a recorded expert is ", expert, " of ", model.num_experts), "grpo.routing_replay", "draw with this model");
}

}  // namespace

void replay_routing(MicroBatch& micro, const model::ModelConfig& model, const CompletionOf& completion_of) {
  const size_t layers = count_moe_layers(model), k = static_cast<size_t>(model.num_experts_per_tok);
  const int64_t num_rows = micro.batch.num_tokens();
  std::vector<Tensor> experts;
  for (size_t layer = 0; layer < layers; ++layer) experts.push_back(at::full({num_rows, model.num_experts_per_tok}, int64_t{-1}, at::kLong));
  const Tensor rows = micro.rows.to(at::kCPU).contiguous();
  for (size_t s = 0; s < micro.samples.size(); ++s) {
    const auto& completion = completion_of(micro.samples[s]);
    check_recorded(completion, completion.ids.size() * layers * k, model);
    for (size_t t = 0; t < completion.ids.size(); ++t) {
      const int64_t row = rows.const_data_ptr<int64_t>()[micro.sample_offsets[s] + static_cast<int64_t>(t)];
      for (size_t layer = 0; layer < layers; ++layer) {
        const auto* from = completion.experts.data() + (t * layers + layer) * k;
        std::copy_n(from, k, experts[layer].mutable_data_ptr<int64_t>() + row * static_cast<int64_t>(k));
      }
    }
  }
  for (auto& layer : experts) layer = layer.to(micro.batch.ids.device());
  micro.batch.experts = std::move(experts);
}

}  // namespace lockstep::rl
