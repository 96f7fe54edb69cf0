// SPDX-License-Identifier: Apache-2.0
// Costs of a forward pass, by hand for each kind of layer.
#include "model/costs.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "model/tensor_names.h"
#include "tests/model/model_fixtures.h"

namespace lockstep::test {
namespace {

model::ModelConfig config_of(const std::string& name) {
  const std::string file = model_fixture(name) + "/config.json";
  return model::parse_model_config(base::parse_json_file(file), file);
}

}  // namespace

TEST_CASE("costs: a dense model meets every matrix once, and the embedding only as a head") {
  const auto c = config_of("llama");
  const int64_t d = c.hidden_size, q = c.num_attention_heads * c.head_dim, kv = c.num_key_value_heads * c.head_dim;
  const int64_t layer = d * (q + 2 * kv) + q * d + 3 * d * c.intermediate_size;
  const auto expected = static_cast<double>(c.num_hidden_layers * layer + c.vocab_size * d);
  const auto cost = model::token_cost(c);
  CHECK(cost.weights_met == expected);
  CHECK(cost.weights_total == expected);
  CHECK(cost.matrix_flops == 2 * expected);
  CHECK(cost.attention_flops_per_key == static_cast<double>(2 * 2 * c.head_dim * c.num_attention_heads * c.num_hidden_layers));
  CHECK(model::token_cost(config_of("llama_tied")).weights_met > 0);
}

TEST_CASE("costs: of a mixture a token meets the experts that it is routed to, and MTP modules are left out") {
  auto c = config_of("deepseek_v3");
  const auto cost = model::token_cost(c);
  const int64_t moe_layers = c.num_hidden_layers - c.first_k_dense_replace;
  const int64_t idle = (c.num_experts - c.num_experts_per_tok) * 3 * c.hidden_size * c.moe_intermediate_size * moe_layers;
  CHECK(cost.weights_total - cost.weights_met == doctest::Approx(static_cast<double>(idle)));
  CHECK(cost.attention_flops_per_key ==
        static_cast<double>(2 * (2 * c.kv_lora_rank + c.qk_rope_head_dim) * c.num_attention_heads * c.num_hidden_layers));
  c.num_nextn_predict_layers = 1;
  CHECK(model::token_cost(c).weights_total == cost.weights_total);
  CHECK(model::num_parameters(c) > static_cast<int64_t>(cost.weights_total));
}

}  // namespace lockstep::test
