// SPDX-License-Identifier: Apache-2.0
// A Welcome read back, as strictly as a file.
#include "rollout/transformer_host.h"

#include "base/config_load.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace lockstep::rollout {
namespace {

model::Transformer make_model(const remote::Welcome& welcome) {
  const auto dtype = welcome.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
  if (dtype == at::kFloat && welcome.dtype != "float32")
    throw Error(cat("the weights are of type ", base::printable(welcome.dtype)), "the trainer's welcome",
                "run the same version of lockstep on both sides");
  return {model::parse_model_config(base::parse_json(welcome.model_config, "the trainer's model"), "the trainer's model"),
          {dtype, at::kCPU}};
}

EngineConfig make_config(const remote::Welcome& welcome) {
  EngineConfig config;
  base::load(base::parse_json(welcome.engine_config, "the trainer's engine"), config, "the trainer's engine");
  return config;
}

}  // namespace

TransformerHost::TransformerHost(const remote::Welcome& welcome, base::ThreadPool& pool)
    : model_(make_model(welcome)), pieces_(welcome.pieces) {
  const auto vocab_size = static_cast<size_t>(model_.config().vocab_size);
  if (!pieces_.empty() && pieces_.size() != vocab_size)
    throw Error(cat("there are ", pieces_.size(), " tokens for a vocabulary of ", vocab_size), "the trainer's welcome",
                "run the same version of lockstep on both sides");
  PieceOf piece_of;
  if (!pieces_.empty()) piece_of = [this](TokenId id) { return pieces_[static_cast<size_t>(id)]; };
  engine_ = std::make_unique<LocalEngine>(model_, std::move(piece_of), make_config(welcome), pool, &stop_);
}

std::vector<std::span<std::byte>> TransformerHost::tensors() {
  std::vector<std::span<std::byte>> out;
  for (const auto& parameter : model_.parameters())
    out.emplace_back(static_cast<std::byte*>(parameter.value.mutable_data_ptr()), parameter.value.nbytes());
  return out;
}

}  // namespace lockstep::rollout
