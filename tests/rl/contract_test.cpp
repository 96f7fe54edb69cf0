// SPDX-License-Identifier: Apache-2.0
// The numeric contract over all families, f32 and bf16: the sampler's log-probabilities are the learner's, and nothing about
// how work is batched, cut, cached, shared or spread over threads changes a bit.
#include "rl/parity.h"

#include <filesystem>

#include "base/rng.h"
#include "base/text.h"
#include "model/checkpoint_io.h"
#include "rollout/local_engine.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::test {
namespace {

const std::string kModels = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/models/";

std::vector<std::string> families() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(kModels)) out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

model::Transformer open(const std::string& family, at::ScalarType dtype) {
  return model::load_transformer(model::open_model(kModels + family), {dtype, at::kCPU});
}

// Prompts of 1 to 70 tokens (some longer than a block of attention), a few samples each.
std::vector<rollout::Request> requests(const model::Transformer& m) {
  base::Random random(7, "contract prompts");
  std::vector<rollout::Request> out;
  for (uint64_t i = 0; i < 5; ++i) {
    std::vector<model::TokenId> ids(static_cast<size_t>(i == 4 ? 70 : random.between(1, 30)));
    for (auto& id : ids) id = static_cast<model::TokenId>(random.between(0, m.config().vocab_size - 1));
    out.push_back({i, std::move(ids), 1 + static_cast<int>(i % 4), {}});
  }
  return out;
}

rollout::SamplingConfig sampling(double temperature = 1.0) {
  rollout::SamplingConfig config;
  config.temperature = temperature;
  config.max_completion_length = 20;
  return config;
}

struct Run {
  std::vector<rollout::Group> groups;
  bool operator==(const Run& other) const {
    if (groups.size() != other.groups.size()) return false;
    for (size_t g = 0; g < groups.size(); ++g) {
      if (groups[g].completions.size() != other.groups[g].completions.size()) return false;
      for (size_t i = 0; i < groups[g].completions.size(); ++i) {
        const auto &a = groups[g].completions[i], &b = other.groups[g].completions[i];
        if (a.ids != b.ids || a.logprobs != b.logprobs) return false;
      }
    }
    return true;
  }
};

Run generate(const model::Transformer& m, const rollout::EngineConfig& config, int threads, const std::vector<rollout::Request>& r) {
  base::ThreadPool pool(threads);
  rollout::LocalEngine engine(m, nullptr, config, pool);
  return {engine.generate(r, sampling(), 11)};
}

rollout::EngineConfig engine_config(int lanes, int num_seqs, int batched_tokens, int page_size, int64_t cache_rows = 0) {
  rollout::EngineConfig config;
  config.lanes = lanes;
  config.max_num_seqs = num_seqs;
  config.max_num_batched_tokens = batched_tokens;
  config.page_size = page_size;
  config.kv_cache_rows = cache_rows;
  return config;
}

}  // namespace

TEST_CASE("contract: what the sampler recorded is what the learner computes, for every family, dtype and micro-batch") {
  for (const auto& family : families())
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      CAPTURE(family);
      const bool is_bf16 = dtype == at::kBFloat16;
      CAPTURE(is_bf16);
      const auto m = open(family, dtype);
      base::ThreadPool pool(2);
      auto config = engine_config(2, 6, 64, 16);
      config.record_routing = true;
      rollout::LocalEngine engine(m, nullptr, config, pool);
      for (const int64_t max_tokens : {16, 100, 4096})
        for (const double temperature : {1.0, 0.7}) {
          const auto report = rl::check_parity(m, engine, requests(m), sampling(temperature), 11, max_tokens);
          INFO(report.first_difference);
          CHECK(report.num_tokens == 11 * 20);
          CHECK(report.num_different == 0);
          CHECK(report.num_different_experts == 0);
          CHECK((report.num_experts > 0) == (m.config().num_experts > 0));
        }
    }
}

TEST_CASE("contract: lanes, refills, chunks of prompts, pages, preemption and threads leave every completion as it is") {
  for (const auto& family : families())
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      CAPTURE(family);
      const auto m = open(family, dtype);
      const auto r = requests(m);
      const auto expected = generate(m, engine_config(1, 64, 4096, 16), 1, r);
      CHECK(generate(m, engine_config(2, 64, 4096, 16), 2, r) == expected);
      CHECK(generate(m, engine_config(3, 2, 4096, 16), 5, r) == expected);
      CHECK(generate(m, engine_config(0, 64, 4096, 16), 7, r) == expected);  // a lane for each thread
      CHECK(generate(m, engine_config(1, 64, 4096, 16), 5, r) == expected);  // one lane on five threads
      CHECK(generate(m, engine_config(1, 3, 7, 1), 1, r) == expected);
      CHECK(generate(m, engine_config(2, 64, 13, 5), 2, r) == expected);
      CHECK(generate(m, engine_config(1, 64, 64, 4, 200), 1, r) == expected);
    }
}

TEST_CASE("contract: drafts, good or bad, leave every completion as it is") {
  auto models = families();
  models.push_back("../mtp");  // with a module of its own to draft with
  for (const auto& family : models)
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      CAPTURE(family);
      const auto m = open(family, dtype);
      const auto r = requests(m);
      const auto with = [&](rollout::EngineConfig config, const char* draft, int tokens) {
        config.draft = draft;
        config.num_draft_tokens = tokens;
        return generate(m, config, 2, r);
      };
      const auto expected = with(engine_config(1, 64, 4096, 16), "none", 0);
      std::vector<const char*> kinds{"auto", "lookup"};
      if (m.config().num_nextn_predict_layers > 0) kinds.push_back("mtp");
      for (const char* kind : kinds)
        for (const int tokens : {1, 3}) {
          CAPTURE(kind);
          CHECK(with(engine_config(2, 64, 4096, 16), kind, tokens) == expected);
          CHECK(with(engine_config(1, 3, 7, 1), kind, tokens) == expected);       // little room in a step
          CHECK(with(engine_config(2, 64, 13, 5), kind, tokens) == expected);     // prompts in chunks
          CHECK(with(engine_config(1, 64, 64, 4, 200), kind, tokens) == expected);  // preemption
        }
    }
}

TEST_CASE("contract: a request alone, or in another order, gives the completions that it gives among others") {
  for (const std::string family : {"llama", "qwen3_moe", "deepseek_v3"}) {
    CAPTURE(family);
    const auto m = open(family, at::kBFloat16);
    auto r = requests(m);
    const auto together = generate(m, engine_config(2, 64, 4096, 16), 2, r);
    for (size_t i = 0; i < r.size(); ++i)
      CHECK(generate(m, engine_config(2, 64, 4096, 16), 2, {r[i]}) == Run{{together.groups[i]}});
    std::reverse(r.begin(), r.end());
    auto reversed = together;
    std::reverse(reversed.groups.begin(), reversed.groups.end());
    CHECK(generate(m, engine_config(2, 64, 4096, 16), 2, r) == reversed);
  }
}

}  // namespace lockstep::test
