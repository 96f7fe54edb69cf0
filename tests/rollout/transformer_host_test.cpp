// SPDX-License-Identifier: Apache-2.0
// A trainer's model as its Welcome and bytes, and the engine that a worker makes of them: the same draws.
#include "rollout/transformer_host.h"

#include <cstring>
#include <functional>

#include "rollout/transformer_source.h"
#include "tests/rollout/tiny_model.h"
#include "tests/support/errors.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::rollout {
namespace {

// One process's trainer.
struct Trainer {
  model::Transformer model;
  base::ThreadPool pool{2};
  EngineConfig config;
  LocalEngine engine;
  TransformerSource source;
  explicit Trainer(const model::ModelConfig& its_config, at::ScalarType dtype = at::kFloat, const EngineConfig& engine_config = {})
      : model(its_config, {dtype, at::kCPU}),
        config(engine_config),
        engine(model, nullptr, config, pool),
        source(model, nullptr, engine, config, "a run") {
    const auto drawn = test::tiny_model(its_config);
    for (size_t i = 0; i < model.parameters().size(); ++i) model.parameters()[i].value.copy_(drawn.parameters()[i].value);
  }
};

void copy_weights(const TransformerSource& from, TransformerHost& to) {
  const auto read = from.tensors();
  const auto written = to.tensors();
  REQUIRE(read.size() == written.size());
  for (size_t i = 0; i < read.size(); ++i) {
    REQUIRE(read[i].size() == written[i].size());
    std::memcpy(written[i].data(), read[i].data(), read[i].size());
  }
}

void check_same_draws(Trainer& trainer, TransformerHost& host) {
  const auto requests = test::some_requests(4, 3);
  SamplingConfig sampling;
  sampling.max_completion_length = 16;
  const auto ours = trainer.engine.generate(requests, sampling, 5), theirs = host.engine().generate(requests, sampling, 5);
  REQUIRE(ours.size() == theirs.size());
  for (size_t r = 0; r < ours.size(); ++r)
    for (size_t s = 0; s < ours[r].completions.size(); ++s) {
      CHECK(ours[r].completions[s].ids == theirs[r].completions[s].ids);
      CHECK(ours[r].completions[s].logprobs == theirs[r].completions[s].logprobs);
      CHECK(ours[r].completions[s].experts == theirs[r].completions[s].experts);
    }
}

}  // namespace

TEST_CASE("transformer host: made from a Welcome and the weights' bytes, it draws what the trainer draws") {
  base::ThreadPool pool(1);
  for (const auto& config : {test::tiny_llama(), test::tiny_deepseek()})
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      EngineConfig engine_config;
      engine_config.record_routing = true;
      engine_config.page_size = 7;
      Trainer trainer(config, dtype, engine_config);
      TransformerHost host(trainer.source.welcome(), pool);
      copy_weights(trainer.source, host);
      check_same_draws(trainer, host);
    }
}

TEST_CASE("transformer host: a Welcome's engine options hold: 8-bit weights are 8-bit weights there") {
  EngineConfig engine_config;
  engine_config.quantization = "q8_0";
  Trainer trainer(test::tiny_llama(), at::kFloat, engine_config);
  base::ThreadPool pool(1);
  TransformerHost host(trainer.source.welcome(), pool);
  copy_weights(trainer.source, host);
  check_same_draws(trainer, host);
}

TEST_CASE("transformer host: stop strings end completions by the pieces of the Welcome, and only with them") {
  Trainer trainer(test::tiny_llama());
  base::ThreadPool pool(1);
  auto welcome = trainer.source.welcome();
  CHECK(welcome.pieces.empty());
  for (int64_t id = 0; id < test::kTinyVocab; ++id) welcome.pieces.emplace_back(id % 2 == 0 ? "ab" : "c");
  TransformerHost host(welcome, pool);
  copy_weights(trainer.source, host);
  SamplingConfig sampling;
  sampling.max_completion_length = 16;
  sampling.stop = {"bc"};
  int64_t num_stopped = 0;
  for (const auto& group : host.engine().generate(test::some_requests(3, 4), sampling, 7))
    for (const auto& completion : group.completions) {
      bool has_stop = false;
      for (size_t t = 1; t < completion.ids.size(); ++t) has_stop |= completion.ids[t - 1] % 2 == 0 && completion.ids[t] % 2 == 1;
      CHECK(has_stop == (completion.finish == FinishReason::stop));
      num_stopped += has_stop;
    }
  CHECK(num_stopped > 0);
  test::check_error([&] { trainer.engine.generate(test::some_requests(1, 1), sampling, 7); }, "stop", "sampling.stop", "tokenizer");
}

TEST_CASE("transformer host: a Welcome of another kind of build is an Error") {
  Trainer trainer(test::tiny_llama());
  base::ThreadPool pool(1);
  const auto made_from = [&](const std::function<void(remote::Welcome&)>& alter) {
    return [&, alter] {
      auto welcome = trainer.source.welcome();
      alter(welcome);
      TransformerHost host(welcome, pool);
    };
  };
  const char* const fix = "run the same version of lockstep on both sides";
  test::check_error(made_from([](auto& w) { w.dtype = "float8"; }), "the weights are of type float8", "the trainer's welcome", fix);
  test::check_error(made_from([](auto& w) { w.pieces = {"a", "b"}; }), "there are 2 tokens for a vocabulary of 61",
                    "the trainer's welcome", fix);
  test::check_error(made_from([](auto& w) { w.engine_config = R"({"no_such_option": 1})"; }), "no_such_option", "the trainer's engine", "");
  test::check_error(made_from([](auto& w) { w.model_config.pop_back(); }), "", "the trainer's model", "");
}

}  // namespace lockstep::rollout
