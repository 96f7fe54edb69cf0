// SPDX-License-Identifier: Apache-2.0
// Every family against transformers 5.23.0: log-probabilities and the gradient of every parameter.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "base/text.h"
#include "kernels/token_logprobs.h"
#include "model/checkpoint_io.h"
#include "model/transformer.h"

namespace lockstep {

namespace {

const std::string kModels = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/models/";

struct Fixture {
  model::Transformer transformer;
  std::unique_ptr<model::TensorSource> oracle;
};

Fixture open_fixture(const std::string& name) {
  const std::string config = kModels + name + "/config.json";
  model::Transformer transformer(model::parse_model_config(base::parse_json_file(config), config), {});
  model::load_parameters(transformer.parameters(), *model::open_safetensors_folder(kModels + name));
  return {std::move(transformer), model::open_safetensors(kModels + name + "/oracle.safetensors")};
}

std::vector<model::TokenId> ids_of(const model::TensorSource& oracle, int index) {
  const auto ids = oracle.tensor(cat("ids.", index));
  return {ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + ids.numel()};
}

// Rows of the batch that predict a token, and what they predict.
Tensor logprobs_of(const model::Transformer& m, const model::Batch& batch, const std::vector<int64_t>& rows,
                   const std::vector<int64_t>& targets) {
  const auto hidden = m.forward(batch).index_select(0, at::tensor(rows));
  return kernels::token_logprobs(hidden, m.head(), at::tensor(targets), 1.0, false).logprobs;
}

Tensor sequence_logprobs(const model::Transformer& m, const std::vector<model::Segment>& segments) {
  std::vector<int64_t> rows, targets;
  int64_t row = 0;
  for (const auto& s : segments)
    for (size_t t = 0; t < s.ids.size(); ++t, ++row)
      if (t + 1 < s.ids.size()) {
        rows.push_back(row);
        targets.push_back(s.ids[t + 1]);
      }
  return logprobs_of(m, model::make_batch(segments, at::kCPU), rows, targets);
}

const std::vector<std::pair<std::string, double>> kFamilies = {
    {"llama", 2e-5},       {"llama_rope_scaled", 2e-5}, {"llama_tied", 2e-5},    {"qwen2", 2e-5},
    {"qwen3", 2e-5},       {"qwen3_yarn", 2e-5},        {"qwen3_moe", 2e-5},     {"deepseek_v2_lite", 2e-5},
    {"deepseek_v2_groups", 2e-5}, {"deepseek_v3", 2e-5}, {"deepseek_v3_no_q_lora", 2e-5}, {"deepseek_v3_yarn", 1e-4}};

}  // namespace

TEST_CASE("log-probabilities of every family equal transformers'") {
  for (const auto& [name, tolerance] : kFamilies) {
    CAPTURE(name);
    const auto f = open_fixture(name);
    const auto a = ids_of(*f.oracle, 0), b = ids_of(*f.oracle, 1);
    const auto ours = sequence_logprobs(f.transformer, {{a}, {b}});
    const auto theirs = at::cat({f.oracle->tensor("logprobs.0"), f.oracle->tensor("logprobs.1")});
    const double difference = (ours - theirs).abs().max().item<double>();
    CHECK(difference <= tolerance);
    MESSAGE(name << ": max |difference of log-probs| " << difference);
  }
}

TEST_CASE("gradients of every parameter of every family equal transformers'") {
  for (const auto& family : kFamilies) {
    const std::string& name = family.first;
    CAPTURE(name);
    auto f = open_fixture(name);
    f.transformer.set_requires_grad(true);
    const auto a = ids_of(*f.oracle, 0), b = ids_of(*f.oracle, 1);
    sequence_logprobs(f.transformer, {{a}, {b}}).sum().neg().backward();
    double worst = 0;
    for (const auto& p : f.transformer.parameters()) {
      for (const auto& piece : p.pieces) {
        if (!p.is_trainable) continue;
        REQUIRE(f.oracle->has("grad." + piece.hf_name));
        auto theirs = f.oracle->tensor("grad." + piece.hf_name);
        auto ours = piece.view(p.value.grad()).clone();
        // transformers gives the padding id's embedding no gradient (padding_idx), even where it is an ordinary token.
        if (p.name == "model.embed_tokens.weight")
          for (Tensor* side : {&ours, &theirs}) (*side)[*f.transformer.config().pad_token_id].zero_();
        const double relative = (ours - theirs).norm().item<double>() / (theirs.norm().item<double>() + 1e-6);
        CAPTURE(piece.hf_name);
        CHECK(relative <= 1e-4);
        worst = std::max(worst, relative);
      }
    }
    MESSAGE(name << ": worst relative error of a gradient " << worst);
  }
}

TEST_CASE("a shared prompt segment gives the log-probabilities and gradients of separate sequences") {
  for (const std::string name : {"llama", "deepseek_v3"}) {
    CAPTURE(name);
    auto f = open_fixture(name);
    const auto ids = ids_of(*f.oracle, 1);
    const std::vector<model::TokenId> prompt(ids.begin(), ids.begin() + 10);
    const std::vector<model::TokenId> first(ids.begin() + 10, ids.begin() + 25), second(ids.begin() + 25, ids.end());
    std::vector<int64_t> rows, targets;
    // Row 9 is the prompt's last token: it predicts both completions' first tokens.
    for (size_t t = 0; t < first.size(); ++t) {
      rows.push_back(t == 0 ? 9 : static_cast<int64_t>(9 + t));
      targets.push_back(first[t]);
    }
    for (size_t t = 0; t < second.size(); ++t) {
      rows.push_back(t == 0 ? 9 : static_cast<int64_t>(24 + t));
      targets.push_back(second[t]);
    }
    const auto batch = model::make_batch({{prompt, -1}, {first, 0}, {second, 0}}, at::kCPU);
    f.transformer.set_requires_grad(true);
    const auto shared = logprobs_of(f.transformer, batch, rows, targets);
    shared.sum().backward();
    std::vector<Tensor> grads;
    for (auto& p : f.transformer.parameters()) {
      grads.push_back(p.value.grad().defined() ? p.value.grad().clone() : Tensor());
      p.value.mutable_grad() = Tensor();
    }
    auto joined = [&](const std::vector<model::TokenId>& tail) {
      auto all = prompt;
      all.insert(all.end(), tail.begin(), tail.end());
      return sequence_logprobs(f.transformer, {{all}}).slice(0, 9);
    };
    const auto separate = at::cat({joined(first), joined(second)});
    CHECK((shared - separate).abs().max().item<double>() <= 1e-5);
    separate.sum().backward();
    for (size_t i = 0; i < grads.size(); ++i) {
      const auto& g = f.transformer.parameters()[i].value.grad();
      if (!g.defined()) continue;
      CHECK((grads[i] - g).norm().item<double>() <= 1e-4 * (g.norm().item<double>() + 1e-3));
    }
  }
}

TEST_CASE("the batch's order and company change nothing beyond rounding") {
  const auto f = open_fixture("deepseek_v3");
  const auto a = ids_of(*f.oracle, 0), b = ids_of(*f.oracle, 1);
  const auto alone = sequence_logprobs(f.transformer, {{a}});
  const auto together = sequence_logprobs(f.transformer, {{b}, {a}, {b}});
  CHECK((alone - together.slice(0, 39, 39 + 23)).abs().max().item<double>() <= 1e-5);
}

TEST_CASE("a replica shares values and keeps gradients of its own") {
  auto f = open_fixture("qwen3");
  auto replica = model::Transformer::replica(f.transformer);
  replica.set_requires_grad(true);
  sequence_logprobs(replica, {{ids_of(*f.oracle, 0)}}).sum().backward();
  CHECK(replica.parameters()[0].value.grad().defined());
  CHECK_FALSE(f.transformer.parameters()[0].value.grad().defined());
  CHECK(replica.parameters()[0].value.data_ptr() == f.transformer.parameters()[0].value.data_ptr());
}

}  // namespace lockstep
