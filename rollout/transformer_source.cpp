// SPDX-License-Identifier: Apache-2.0
// The Welcome of a model, and its parameters as bytes.
#include "rollout/transformer_source.h"

#include "base/json.h"
#include "rollout/request_checks.h"

namespace lockstep::rollout {

TransformerSource::TransformerSource(const model::Transformer& model,
                                     const model::Tokenizer* tokenizer,
                                     LocalEngine& engine,
                                     EngineConfig engine_config,
                                     std::string run)
    : model_(model), tokenizer_(tokenizer), engine_(engine), engine_config_(std::move(engine_config)), run_(std::move(run)) {}

remote::Welcome TransformerSource::welcome() const {
  remote::Welcome welcome;
  welcome.run = run_;
  welcome.model_config = model::to_hf_config(model_.config()).dump();
  welcome.dtype = model_.options().dtype == at::kFloat ? "float32" : "bfloat16";
  welcome.engine_config = base::dump(engine_config_).dump();
  if (tokenizer_)
    for (TokenId id = 0; id < model_.config().vocab_size; ++id)
      welcome.pieces.push_back(id < tokenizer_->vocab_size() ? tokenizer_->piece(id) : "");
  return welcome;
}

std::vector<std::span<const std::byte>> TransformerSource::tensors() const {
  on_host_.clear();
  std::vector<std::span<const std::byte>> out;
  for (const auto& parameter : model_.parameters()) {
    on_host_.push_back(parameter.value.detach().to(at::kCPU).contiguous());
    out.emplace_back(static_cast<const std::byte*>(on_host_.back().const_data_ptr()), on_host_.back().nbytes());
  }
  return out;
}

void TransformerSource::check(const std::vector<Request>& requests, const SamplingConfig& sampling) const {
  check_requests(requests, sampling, model_.config(), tokenizer_ != nullptr);
}

}  // namespace lockstep::rollout
