// SPDX-License-Identifier: Apache-2.0
// Laws of the in-process engine: what may not change the completions, and what they must agree with.
#include <doctest/doctest.h>

#include <cmath>
#include <mutex>
#include <numeric>

#include "rollout/local_engine.h"
#include "tests/rollout/tiny_model.h"

namespace lockstep::rollout {
namespace {

using test::some_requests;
using test::tiny_deepseek;
using test::tiny_llama;
using test::tiny_model;

struct Run {
  std::vector<Group> groups;
  EngineStats stats;
};

Run generate(const model::Transformer& model,
             const std::vector<Request>& requests,
             const SamplingConfig& sampling,
             const EngineConfig& config = {},
             int threads = 1,
             uint64_t seed = 3) {
  base::ThreadPool pool(threads);
  LocalEngine engine(model, nullptr, config, pool);
  auto groups = engine.generate(requests, sampling, seed);
  return {std::move(groups), engine.stats()};
}

SamplingConfig sampling_of(int64_t length, double temperature = 1.0) {
  SamplingConfig sampling;
  sampling.max_completion_length = length;
  sampling.temperature = temperature;
  return sampling;
}

void check_same_ids(const std::vector<Group>& a, const std::vector<Group>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t r = 0; r < a.size(); ++r) {
    REQUIRE(a[r].completions.size() == b[r].completions.size());
    for (size_t s = 0; s < a[r].completions.size(); ++s) {
      INFO("request " << r << ", sample " << s);
      const auto &x = a[r].completions[s], &y = b[r].completions[s];
      REQUIRE(x.ids == y.ids);
      CHECK(x.finish == y.finish);
      for (size_t i = 0; i < x.ids.size(); ++i) CHECK(std::abs(x.logprobs[i] - y.logprobs[i]) <= 1e-5f);
    }
  }
}

const std::vector<model::ModelConfig>& architectures() {
  static const std::vector<model::ModelConfig> configs{tiny_llama(), tiny_deepseek()};
  return configs;
}

TEST_CASE("engine: greedy generation is the argmax of a full forward without cache at every position") {
  for (const auto& config : architectures()) {
    const auto model = tiny_model(config);
    const auto requests = some_requests(5, 1);
    const auto run = generate(model, requests, sampling_of(12, 0.0));
    for (size_t r = 0; r < requests.size(); ++r) {
      const auto& completion = run.groups[r].completions[0];
      auto ids = requests[r].prompt;
      ids.insert(ids.end(), completion.ids.begin(), completion.ids.end());
      const auto best = test::full_logits(model, ids).argmax(1);
      for (size_t i = 0; i < completion.ids.size(); ++i)
        CHECK(best[static_cast<int64_t>(requests[r].prompt.size() + i) - 1].item<int64_t>() == completion.ids[i]);
    }
  }
}

TEST_CASE("engine: recorded log-probabilities are those of the learner's batch") {
  for (const auto& config : architectures())
    for (const double temperature : {1.0, 0.6, 0.0}) {
      const auto model = tiny_model(config);
      const auto requests = some_requests(6, 3);
      const auto run = generate(model, requests, sampling_of(20, temperature));
      for (size_t r = 0; r < requests.size(); ++r)
        for (const auto& completion : run.groups[r].completions) {
          REQUIRE(completion.logprobs.size() == completion.ids.size());
          const auto expected =
              test::learner_logprobs(model, requests[r], completion, temperature > 0 ? temperature : 1.0);
          for (size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(completion.logprobs[i] - expected[i]) <= 1e-5f);
        }
    }
}

TEST_CASE("engine: truncation changes what is drawn and not what is recorded") {
  const auto model = tiny_model(tiny_llama());
  const auto requests = some_requests(4, 4);
  auto sampling = sampling_of(16);
  sampling.top_k = 2;
  const auto run = generate(model, requests, sampling);
  for (size_t r = 0; r < requests.size(); ++r)
    for (const auto& completion : run.groups[r].completions) {
      auto ids = requests[r].prompt;
      ids.insert(ids.end(), completion.ids.begin(), completion.ids.end());
      const auto top = std::get<1>(test::full_logits(model, ids).topk(2, 1));
      const auto expected = test::learner_logprobs(model, requests[r], completion);
      for (size_t i = 0; i < completion.ids.size(); ++i) {
        const auto row = top[static_cast<int64_t>(requests[r].prompt.size() + i) - 1];
        CHECK((row[0].item<int64_t>() == completion.ids[i] || row[1].item<int64_t>() == completion.ids[i]));
        CHECK(std::abs(completion.logprobs[i] - expected[i]) <= 1e-5f);
      }
    }
}

TEST_CASE("engine: one request alone gives what it gives among others") {
  for (const auto& config : architectures()) {
    const auto model = tiny_model(config);
    const auto requests = some_requests(7, 4);
    const auto together = generate(model, requests, sampling_of(24));
    for (size_t r = 0; r < requests.size(); ++r)
      check_same_ids({together.groups[r]}, generate(model, {requests[r]}, sampling_of(24)).groups);
  }
}

TEST_CASE("engine: slots, chunks, pages and lanes change nothing but rounding") {
  for (const auto& config : architectures()) {
    const auto model = tiny_model(config);
    const auto requests = some_requests(9, 3);
    const auto expected = generate(model, requests, sampling_of(24));
    const auto same_with = [&](auto&& change) {
      EngineConfig engine;
      change(engine);
      check_same_ids(expected.groups, generate(model, requests, sampling_of(24), engine).groups);
    };
    same_with([](EngineConfig& c) { c.max_num_batched_tokens = 1; });
    same_with([](EngineConfig& c) { c.max_num_batched_tokens = 7; });
    same_with([](EngineConfig& c) { c.max_num_seqs = 1; });
    same_with([](EngineConfig& c) { c.max_num_seqs = 5; });
    same_with([](EngineConfig& c) { c.page_size = 1; });
    same_with([](EngineConfig& c) { c.page_size = 64; });
    same_with([](EngineConfig& c) { c.lanes = 1; });
    same_with([](EngineConfig& c) { c.lanes = 20; });
  }
}

TEST_CASE("engine: any number of threads gives the same bits") {
  const auto model = tiny_model(tiny_deepseek());
  const auto requests = some_requests(7, 4);
  EngineConfig config;
  config.lanes = 3;
  const auto expected = generate(model, requests, sampling_of(24), config, 1);
  for (const int threads : {2, 5}) {
    const auto run = generate(model, requests, sampling_of(24), config, threads);
    for (size_t r = 0; r < requests.size(); ++r)
      for (size_t s = 0; s < 4; ++s) {
        CHECK(run.groups[r].completions[s].ids == expected.groups[r].completions[s].ids);
        CHECK(run.groups[r].completions[s].logprobs == expected.groups[r].completions[s].logprobs);
      }
    CHECK(run.stats.decode_steps == expected.stats.decode_steps);
  }
}

TEST_CASE("engine: noise follows the seed, the prompt's id and the sample, not the order or number of requests") {
  const auto model = tiny_model(tiny_llama());
  auto requests = some_requests(5, 3);
  const auto expected = generate(model, requests, sampling_of(16)).groups;
  check_same_ids(generate(model, requests, sampling_of(16)).groups, expected);

  auto reversed = requests;
  std::reverse(reversed.begin(), reversed.end());
  auto groups = generate(model, reversed, sampling_of(16)).groups;
  std::reverse(groups.begin(), groups.end());
  check_same_ids(groups, expected);

  auto more = requests;
  for (auto& request : more) request.num_samples = 6;
  groups = generate(model, more, sampling_of(16)).groups;
  for (auto& group : groups) group.completions.resize(3);
  check_same_ids(groups, expected);

  const auto ids = [](const std::vector<Group>& g) { return g[3].completions[1].ids; };
  CHECK(ids(generate(model, requests, sampling_of(16), {}, 1, 4).groups) != ids(expected));
  requests[3].prompt_id += 1;
  CHECK(ids(generate(model, requests, sampling_of(16)).groups) != ids(expected));
  CHECK(expected[3].completions[0].ids != expected[3].completions[1].ids);
}

TEST_CASE("engine: a cache that is too small for all changes the time and not the completions") {
  for (const auto& config : architectures()) {
    const auto model = tiny_model(config);
    const auto requests = some_requests(6, 5);
    const auto expected = generate(model, requests, sampling_of(40));
    CHECK(expected.stats.preempted == 0);
    for (const int rows : {96, 112, 160, 256}) {
      EngineConfig engine;
      engine.kv_cache_rows = rows;
      engine.page_size = 8;
      const auto run = generate(model, requests, sampling_of(40), engine);
      check_same_ids(expected.groups, run.groups);
      CHECK(run.stats.peak_cache_rows <= 2 * rows);
      if (rows < 160) CHECK(run.stats.preempted > 0);
    }
  }
}

TEST_CASE("engine: samples share the pages of their prompt") {
  const auto model = tiny_model(tiny_llama());
  auto requests = some_requests(1, 8);
  requests[0].stop_ids.clear();
  EngineConfig config;
  config.lanes = 1;
  config.page_size = 4;
  for (const int64_t length : {32, 33, 35}) {
    requests[0].prompt.assign(static_cast<size_t>(length), 5);
    const auto run = generate(model, requests, sampling_of(9), config);
    // 8 drawn tokens are computed (the ninth is not), on pages after the full ones of the prompt.
    const int64_t prompt = (length + 3) / 4 * 4, own = (length + 8 + 3) / 4 * 4 - length / 4 * 4;
    CHECK(run.stats.peak_cache_rows == prompt + 8 * own);
    CHECK(run.stats.prompt_tokens == length);
    CHECK(run.stats.new_tokens == 8 * 9);
    CHECK(run.stats.decode_steps == 9);
  }
}

TEST_CASE("engine: completions end by a stop id, at the limit, or at the end of the context") {
  const auto model = tiny_model(tiny_llama());
  auto requests = some_requests(4, 6);
  const auto run = generate(model, requests, sampling_of(60));
  int64_t ended = 0, new_tokens = 0;
  for (const auto& group : run.groups)
    for (const auto& completion : group.completions) {
      new_tokens += static_cast<int64_t>(completion.ids.size());
      const bool is_eos = completion.finish == FinishReason::eos;
      ended += is_eos;
      CHECK((completion.ids.back() == 0) == is_eos);
      CHECK(std::count(completion.ids.begin(), completion.ids.end(), 0) == (is_eos ? 1 : 0));
      if (!is_eos) CHECK(completion.ids.size() == 60);
    }
  CHECK(ended > 0);
  CHECK(new_tokens == run.stats.new_tokens);

  requests.resize(1);
  requests[0].stop_ids.clear();
  requests[0].prompt.assign(120, 4);
  const auto completion = generate(model, requests, sampling_of(60)).groups[0].completions[0];
  CHECK(completion.ids.size() == 8);
  CHECK(completion.finish == FinishReason::length);
}

TEST_CASE("engine: groups are reported once, complete, and before generate returns") {
  const auto model = tiny_model(tiny_llama());
  const auto requests = some_requests(6, 4);
  base::ThreadPool pool(2);
  LocalEngine engine(model, nullptr, {.lanes = 5}, pool);
  std::mutex mutex;
  std::vector<Group> reported(requests.size());
  std::vector<int> calls(requests.size(), 0);
  const auto groups = engine.generate(requests, sampling_of(12), 3, [&](size_t r, const Group& group) {
    const std::lock_guard lock(mutex);
    ++calls[r];
    reported[r] = group;
  });
  CHECK(calls == std::vector<int>(requests.size(), 1));
  check_same_ids(reported, groups);
}

TEST_CASE("engine: after publish completions come from the new weights, under the new version") {
  auto model = tiny_model(tiny_llama());
  const auto requests = some_requests(3, 2);
  base::ThreadPool pool(1);
  LocalEngine engine(model, nullptr, {}, pool);
  CHECK(engine.generate(requests, sampling_of(8), 3)[0].completions[0].weight_version == 0);
  const auto other = tiny_model(tiny_llama(), 2);
  for (size_t p = 0; p < model.parameters().size(); ++p) model.parameters()[p].value.copy_(other.parameters()[p].value);
  engine.publish(7);
  CHECK(engine.weight_version() == 7);
  const auto groups = engine.generate(requests, sampling_of(8), 3);
  check_same_ids(groups, generate(other, requests, sampling_of(8)).groups);
  for (const auto& group : groups)
    for (const auto& completion : group.completions) CHECK(completion.weight_version == 7);
}

TEST_CASE("engine: gradients of the model's parameters are not needed and not touched") {
  auto model = tiny_model(tiny_deepseek());
  const auto requests = some_requests(3, 2);
  const auto expected = generate(model, requests, sampling_of(8)).groups;
  model.set_requires_grad(true);
  check_same_ids(generate(model, requests, sampling_of(8)).groups, expected);
  for (const auto& parameter : model.parameters()) CHECK(!parameter.value.grad().defined());
}

TEST_CASE("engine: a stop flag ends generation soon and marks what is unfinished") {
  const auto model = tiny_model(tiny_llama());
  auto requests = some_requests(8, 2);
  for (auto& request : requests) request.stop_ids.clear();
  std::atomic<bool> stop{false};
  base::ThreadPool pool(1);
  LocalEngine engine(model, nullptr, {.lanes = 1, .max_num_seqs = 2}, pool, &stop);
  const auto expected = engine.generate(requests, sampling_of(6), 3);
  int reported = 0;
  const auto groups =
      engine.generate(requests, sampling_of(6), 3, [&](size_t, const Group&) { stop = ++reported == 3; });
  CHECK(reported == 3);
  int aborted = 0;
  for (size_t r = 0; r < groups.size(); ++r)
    for (size_t s = 0; s < 2; ++s) {
      const auto& completion = groups[r].completions[s];
      if (completion.finish == FinishReason::aborted)
        ++aborted;
      else
        CHECK(completion.ids == expected[r].completions[s].ids);
      CHECK(completion.ids.size() == completion.logprobs.size());
    }
  CHECK(aborted == 10);
}

TEST_CASE("engine: no requests give no groups") {
  const auto model = tiny_model(tiny_llama());
  CHECK(generate(model, {}, sampling_of(4)).groups.empty());
}

}  // namespace
}  // namespace lockstep::rollout
