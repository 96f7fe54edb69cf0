// SPDX-License-Identifier: Apache-2.0
// Making and evaluating reward models.
#include "model/reward_model.h"

#include <algorithm>

#include <ATen/core/Tensor.h>

#include "base/error.h"
#include "kernels/linear.h"

namespace lockstep::model {

ModelConfig reward_model_config(ModelConfig language_model) {
  ModelConfig config = std::move(language_model);
  config.num_labels = 1;
  config.num_nextn_predict_layers = 0;
  const auto& ends = config.eos_token_id;
  if (config.pad_token_id && std::find(ends.begin(), ends.end(), *config.pad_token_id) != ends.end()) config.pad_token_id.reset();
  return config;
}

Transformer begin_reward_model(const OpenModel& language_model, const TransformerOptions& options, uint64_t seed) {
  Transformer out(reward_model_config(language_model.config), options);
  std::vector<Parameter> trunk, head;  // they share the model's values
  for (const Parameter& p : out.parameters()) (p.name == "score.weight" ? head : trunk).push_back(p);
  LOCKSTEP_CHECK(head.size() == 1, "a reward model has one head");
  load_parameters(trunk, *language_model.tensors);
  init_parameters(head, out.config(), {}, seed);
  return out;
}

Tensor reward_scores(const Transformer& reward_model, const Batch& batch, const Tensor& rows) {
  LOCKSTEP_CHECK(reward_model.config().num_labels == 1, "the model has no scalar head");
  const Tensor states = reward_model.forward(batch).index_select(0, rows).to(at::kFloat);
  return kernels::linear(states, {reward_model.head().to(at::kFloat)}).squeeze(1);
}

size_t length_without_padding(const std::vector<TokenId>& ids, const std::optional<int64_t>& pad) {
  const auto last = std::find_if(ids.rbegin(), ids.rend(), [&](TokenId id) { return !pad || id != *pad; });
  return static_cast<size_t>(ids.rend() - last);
}

}  // namespace lockstep::model
