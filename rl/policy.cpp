// SPDX-License-Identifier: Apache-2.0
// Opening or making the policy.
#include "rl/policy.h"

#include <ATen/Context.h>
#include <c10/core/Device.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "kernels/backend.h"

namespace lockstep::rl {
namespace {

std::shared_ptr<const model::Tokenizer> new_tokenizer(const RunConfig& config, const std::string& folder) {
  if (std::filesystem::exists(folder + "/tokenizer.model")) return model::load_tokenizer(folder);
  if (!config.pretrain)
    throw Error("a new model needs text to learn its tokenizer from", "/model/config", "add \"pretrain\", or name a model in /model/path");
  const auto& t = config.model.tokenizer;
  model::TokenizerTraining training;
  training.vocab_size = t.vocab_size;
  training.byte_fallback = t.byte_fallback;
  training.user_symbols = {"\n"};
  const auto tokenizer =
      model::train_tokenizer(tokenizer_documents(config.pretrain->data, config.seed, t.num_documents), training);
  base::make_folders(folder);
  tokenizer->save(folder);
  return tokenizer;
}

Policy new_policy(const RunConfig& config, const std::string& tokenizer_folder) {
  auto tokenizer = new_tokenizer(config, tokenizer_folder);
  auto json = config.model.config;
  json["vocab_size"] = tokenizer->vocab_size();
  if (const auto eos = tokenizer->eos_id()) json["eos_token_id"] = *eos;
  if (const auto pad = tokenizer->pad_id()) json["pad_token_id"] = *pad;
  json["bos_token_id"] = nullptr;
  model::Transformer transformer(model::parse_model_config(json, "/model/config"), transformer_options(config));
  model::init_parameters(transformer.parameters(), transformer.config(), {config.model.init_gain}, config.seed);
  return {std::move(transformer), std::move(tokenizer)};
}

}  // namespace

void override_context(const ModelSource& source, model::OpenModel& files) {
  if (source.rope_scaling.empty() && source.max_position_embeddings == 0) return;
  model::ModelConfig& config = files.config;
  auto json = model::to_hf_config(config);
  if (!source.rope_scaling.empty()) {
    const int64_t known = config.rope_scaling.original_max_position_embeddings;
    auto scaling = source.rope_scaling;
    if (!scaling.contains("original_max_position_embeddings"))
      scaling["original_max_position_embeddings"] = known > 0 ? known : config.max_position_embeddings;
    json.erase("rope_parameters");
    json["rope_theta"] = config.rope_theta;
    json["rope_scaling"] = std::move(scaling);
  }
  if (source.max_position_embeddings > 0) json["max_position_embeddings"] = source.max_position_embeddings;
  const auto changed = model::parse_model_config(json, "/model");
  config.rope_scaling = changed.rope_scaling;
  config.rope_theta = changed.rope_theta;
  config.max_position_embeddings = changed.max_position_embeddings;
}

model::TransformerOptions transformer_options(const RunConfig& config) {
  if (config.device == "cuda" && !at::hasCUDA())
    throw Error("there is no CUDA device, or this build has none", "/device", "use \"cpu\"; `lockstep doctor` says what is there");
  kernels::set_backend(config.kernels == "portable" ? kernels::Backend::portable : kernels::Backend::automatic);
  return {config.model.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat, at::Device(config.device)};
}

Policy make_policy(const RunConfig& config, const std::string& tokenizer_folder) {
  if (config.model.path.empty()) return new_policy(config, tokenizer_folder);
  auto files = model::open_model(config.model.path);
  if (!files.tokenizer)
    throw Error("the model has no tokenizer", config.model.path, "put its tokenizer.json or tokenizer.model into the folder");
  override_context(config.model, files);
  return {model::load_transformer(files, transformer_options(config)), files.tokenizer};
}

}  // namespace lockstep::rl
