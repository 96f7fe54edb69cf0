// SPDX-License-Identifier: Apache-2.0
// Reward models: scores and gradients of transformers, folders that both load, what is refused.
#include "model/reward_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include "base/text.h"
#include "kernels/index_tensor.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

using model::TokenId;

const std::string kFixtures = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/";
const std::string kSaved = kFixtures + "reward_model/llama";

std::vector<TokenId> ids_of(const model::TensorSource& oracle, const std::string& name, int index) {
  const auto ids = oracle.tensor(cat(name, ".ids.", index));
  return {ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + ids.numel()};
}

// Scores of three sequences in one batch.
Tensor scores_of(const model::Transformer& m, const model::TensorSource& oracle, const std::string& name) {
  std::vector<model::Segment> segments;
  std::vector<int64_t> rows;
  for (int i = 0; i < 3; ++i) {
    segments.push_back({ids_of(oracle, name, i), -1});
    rows.push_back(static_cast<int64_t>(segments.back().ids.size()) + (rows.empty() ? -1 : rows.back()));
  }
  return model::reward_scores(m, model::make_batch(segments, at::kCPU), kernels::index_tensor(rows, at::kCPU));
}

Tensor& value_of(model::Transformer& m, const std::string& name) {
  for (auto& p : m.parameters())
    if (p.name == name) return p.value;
  throw Error("no such parameter", name, "");
}

double distance(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

void check_against_oracle(model::Transformer& m, const model::TensorSource& oracle, const std::string& name) {
  CAPTURE(name);
  m.set_requires_grad(true);
  const auto scores = scores_of(m, oracle, name);
  CHECK(distance(scores, oracle.tensor(name + ".scores")) <= 1e-5);
  MESSAGE(name << ": max |difference of scores| " << distance(scores, oracle.tensor(name + ".scores")));
  scores.sum().backward();
  CHECK(distance(value_of(m, "model.norm.weight").grad(), oracle.tensor(name + ".grad.norm")) <= 1e-4);
  CHECK(distance(value_of(m, "score.weight").grad(), oracle.tensor(name + ".grad.score")) <= 1e-4);
}

}  // namespace

TEST_CASE("reward model: scores and gradients of a folder that transformers saved") {
  const auto oracle = model::open_safetensors(kFixtures + "reward_model/scores.safetensors");
  auto m = model::load_transformer(model::open_reward_model(kSaved), {});
  check_against_oracle(m, *oracle, "saved");
}

TEST_CASE("reward model: the trunk of every family under transformers' head gives transformers' scores") {
  const auto oracle = model::open_safetensors(kFixtures + "reward_model/scores.safetensors");
  for (const char* name : {"llama", "qwen2", "qwen3", "qwen3_moe", "deepseek_v2_lite", "deepseek_v3"}) {
    auto m = model::begin_reward_model(model::open_model(kFixtures + "models/" + name), {}, 1);
    {
      const c10::NoGradGuard no_grad;
      value_of(m, "score.weight").copy_(oracle->tensor(std::string(name) + ".score.weight"));
    }
    check_against_oracle(m, *oracle, name);
  }
}

TEST_CASE("reward model: a score is the same bits alone, in a batch and behind a shared prompt, f32 and bf16") {
  const auto oracle = model::open_safetensors(kFixtures + "reward_model/scores.safetensors");
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto m = model::load_transformer(model::open_reward_model(kSaved), {dtype});
    const c10::NoGradGuard no_grad;
    const auto together = scores_of(m, *oracle, "saved");
    CHECK((together.scalar_type() == at::kFloat));
    for (int i = 0; i < 3; ++i) {
      const auto ids = ids_of(*oracle, "saved", i);
      const auto last = static_cast<int64_t>(ids.size()) - 1;
      const auto alone = model::reward_scores(m, model::make_batch({{ids, -1}}, at::kCPU), kernels::index_tensor({last}, at::kCPU));
      CHECK(at::equal(alone[0], together[i]));
      const std::vector<TokenId> prompt(ids.begin(), ids.begin() + 3), rest(ids.begin() + 3, ids.end()), other(2, 7);
      const auto batch = model::make_batch({{prompt, -1}, {other, 0}, {rest, 0}}, at::kCPU);
      CHECK(at::equal(model::reward_scores(m, batch, kernels::index_tensor({last + 2}, at::kCPU))[0], together[i]));
    }
  }
}

TEST_CASE("reward model: a saved folder says what transformers says, and loads with the same weights") {
  const TempFolder folder;
  const auto files = model::open_reward_model(kSaved);
  const auto m = model::load_transformer(files, {});
  model::save_model_folder(folder.path(), m.config(), model::export_parameters(m.parameters()), nullptr);
  const auto written = base::parse_json_file(folder.path("config.json"));
  for (const char* key : {"architectures", "id2label", "label2id", "pad_token_id"}) CHECK(written[key] == files.hf_config[key]);
  CHECK(model::is_reward_model(folder.path()));
  const auto again = model::load_transformer(model::open_reward_model(folder.path()), {});
  REQUIRE(again.parameters().size() == m.parameters().size());
  for (size_t i = 0; i < m.parameters().size(); ++i) CHECK(at::equal(again.parameters()[i].value, m.parameters()[i].value));
}

TEST_CASE("reward model: begun from a language model it keeps the trunk; the head depends on the seed alone") {
  const auto files = model::open_model(kFixtures + "models/qwen3");  // tied: its embedding is not the head
  const auto policy = model::load_transformer(files, {});
  auto a = model::begin_reward_model(files, {}, 1), b = model::begin_reward_model(files, {}, 1), c = model::begin_reward_model(files, {}, 2);
  CHECK(at::equal(value_of(a, "score.weight"), value_of(b, "score.weight")));
  CHECK_FALSE(at::equal(value_of(a, "score.weight"), value_of(c, "score.weight")));
  for (const auto& p : policy.parameters()) CHECK(at::equal(value_of(a, p.name), p.value));
  CHECK(a.parameters().size() == policy.parameters().size() + 1);
  CHECK(a.head().sizes() == at::IntArrayRef({1, policy.config().hidden_size}));
  CHECK_FALSE(model::is_reward_model(kFixtures + "models/qwen3"));
  CHECK_FALSE(model::is_reward_model(kFixtures + "nowhere"));
}

TEST_CASE("reward model: no MTP modules, and a padding token that ends a text is no padding") {
  model::ModelConfig config;
  config.eos_token_id = {5, 7};
  config.pad_token_id = 7;
  config.num_nextn_predict_layers = 1;
  CHECK_FALSE(model::reward_model_config(config).pad_token_id.has_value());
  CHECK(model::reward_model_config(config).num_nextn_predict_layers == 0);
  config.pad_token_id = 3;
  CHECK(model::reward_model_config(config).pad_token_id == 3);
  CHECK(model::length_without_padding({1, 3, 2, 3, 3}, 3) == 3);
  CHECK(model::length_without_padding({1, 3, 2, 3, 3}, std::nullopt) == 5);
  CHECK(model::length_without_padding({3, 3}, 3) == 0);
  CHECK(model::length_without_padding({}, 3) == 0);
}

TEST_CASE("reward model: language models and classifiers of several labels are refused, and a reward model is no policy") {
  check_error([] { model::open_reward_model(kFixtures + "models/llama"); }, "the model is not a reward model", "/architectures", "ForSequenceClassification");
  check_error([] { model::open_reward_model(kFixtures + "nowhere"); }, "there is no such reward model", "nowhere", "give the folder");
  check_error([] { model::open_reward_model(kFixtures + "make_model_fixtures.py"); }, "a reward model is a folder", "make_model", "give the folder");
  check_error([] { model::open_model(kSaved); }, "not a causal language model", "/architectures", "ForCausalLM");
  auto json = base::parse_json_file(kSaved + "/config.json");
  json["id2label"] = {{"0", "no"}, {"1", "yes"}};
  check_error([&] { model::parse_reward_model_config(json, "config.json"); }, "the classifier has 2 labels", "/id2label", "num_labels 1");
  json.erase("id2label");
  check_error([&] { model::parse_reward_model_config(json, "config.json"); }, "the classifier has 2 labels", "/num_labels", "num_labels 1");
  json["num_labels"] = 1;
  CHECK(model::parse_reward_model_config(json, "config.json").num_labels == 1);
}

}  // namespace lockstep::test
