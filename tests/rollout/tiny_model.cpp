// SPDX-License-Identifier: Apache-2.0
// Configurations and random weights of the tiny models.
#include "tests/rollout/tiny_model.h"

#include <ATen/Parallel.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include "base/rng.h"
#include "kernels/token_logprobs.h"

namespace lockstep::test {
namespace {

// As the program does at its start: lanes are the parallelism, operations have one thread each.
const bool has_one_thread_per_operation = (at::set_num_threads(1), true);

}  // namespace

model::ModelConfig tiny_llama() {
  model::ModelConfig c;
  c.family = model::Family::llama;
  c.vocab_size = kTinyVocab;
  c.hidden_size = 32;
  c.intermediate_size = 48;
  c.num_hidden_layers = 2;
  c.num_attention_heads = 4;
  c.num_key_value_heads = 2;
  c.head_dim = 8;
  c.max_position_embeddings = 128;
  return c;
}

model::ModelConfig tiny_deepseek() {
  model::ModelConfig c = tiny_llama();
  c.family = model::Family::deepseek_v3;
  c.num_key_value_heads = 4;
  c.kv_lora_rank = 16;
  c.qk_nope_head_dim = 8;
  c.qk_rope_head_dim = 4;
  c.v_head_dim = 8;
  c.head_dim = 4;
  c.num_experts = 8;
  c.num_experts_per_tok = 2;
  c.moe_intermediate_size = 24;
  c.n_shared_experts = 1;
  c.first_k_dense_replace = 1;
  c.topk_method = "noaux_tc";
  c.scoring_func = "sigmoid";
  c.norm_topk_prob = true;
  return c;
}

model::Transformer tiny_model(const model::ModelConfig& config, uint64_t seed) {
  model::Transformer model(config, {});
  model::init_parameters(model.parameters(), config, {.gain = 1.5}, seed);
  return model;
}

std::vector<rollout::Request> some_requests(int count, int num_samples) {
  std::vector<rollout::Request> requests;
  for (int r = 0; r < count; ++r) {
    base::Random random(7, "prompt", static_cast<uint64_t>(r));
    rollout::Request request;
    request.prompt_id = 1000 + static_cast<uint64_t>(r);
    request.num_samples = num_samples;
    request.stop_ids = {0};
    const int64_t length = 1 + (r * 13) % 40;
    for (int64_t i = 0; i < length; ++i)
      request.prompt.push_back(static_cast<model::TokenId>(random.between(1, kTinyVocab - 1)));
    requests.push_back(request);
  }
  return requests;
}

std::vector<float> learner_logprobs(const model::Transformer& model,
                                    const rollout::Request& request,
                                    const rollout::Completion& completion,
                                    double temperature) {
  const c10::AutoGradMode no_gradients(false);
  auto ids = request.prompt;
  ids.insert(ids.end(), completion.ids.begin(), completion.ids.end());
  const auto length = static_cast<int64_t>(completion.ids.size());
  const auto first = static_cast<int64_t>(request.prompt.size()) - 1;
  const auto hidden = model.forward(model::make_batch({{ids, -1}}, at::kCPU)).narrow(0, first, length);
  std::vector<int64_t> targets(completion.ids.begin(), completion.ids.end());
  const auto out = kernels::token_logprobs(hidden, model.head(), at::tensor(targets), temperature, false).logprobs;
  return {out.const_data_ptr<float>(), out.const_data_ptr<float>() + length};
}

Tensor full_logits(const model::Transformer& model, const std::vector<model::TokenId>& ids) {
  const c10::AutoGradMode no_gradients(false);
  return kernels::linear_logits(model.forward(model::make_batch({{ids, -1}}, at::kCPU)), model.head_weight(), 1.0);
}

}  // namespace lockstep::test
