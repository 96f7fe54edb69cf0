// SPDX-License-Identifier: Apache-2.0
// What a trainer's workers get of it: the model's shape, its tokens' bytes, its weights.
#pragma once

#include <string>
#include <vector>

#include "rollout/local_engine.h"
#include "rollout/remote/model_source.h"

namespace lockstep::rollout {

class TransformerSource final : public remote::ModelSource {
 public:
  // All of it outlives the source. `engine` draws from `model`; `tokenizer` may be null. `run` names the run in workers' logs.
  TransformerSource(const model::Transformer& model,
                    const model::Tokenizer* tokenizer,
                    LocalEngine& engine,
                    EngineConfig engine_config,
                    std::string run);
  remote::Welcome welcome() const override;
  int64_t vocab_size() const override { return model_.config().vocab_size; }
  std::vector<std::span<const std::byte>> tensors() const override;
  void check(const std::vector<Request>& requests, const SamplingConfig& sampling) const override;
  Engine& local() override { return engine_; }

 private:
  const model::Transformer& model_;
  const model::Tokenizer* tokenizer_;
  LocalEngine& engine_;
  EngineConfig engine_config_;
  std::string run_;
  mutable std::vector<Tensor> on_host_;  // what `tensors` points into, of models on other devices
};

}  // namespace lockstep::rollout
