// SPDX-License-Identifier: Apache-2.0
// Drafting: what is guessed, how many guesses are kept, and when guessing is given up.
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "base/rng.h"
#include "kernels/token_logprobs.h"
#include "rollout/draft_governor.h"
#include "rollout/local_engine.h"
#include "rollout/lookup_drafter.h"
#include "rollout/noise.h"
#include "tests/rollout/tiny_model.h"
#include "tests/support/errors.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::rollout {
namespace {

constexpr uint64_t kSeed = 3;

model::ModelConfig with_mtp() {
  auto config = test::tiny_deepseek();
  config.num_nextn_predict_layers = 1;
  return config;
}

struct Run {
  std::vector<Group> groups;
  EngineStats stats;
};

Run generate(const model::Transformer& model, const std::vector<Request>& requests, const char* draft, int num_draft_tokens, int64_t length) {
  base::ThreadPool pool(1);
  EngineConfig config;
  config.draft = draft;
  config.num_draft_tokens = num_draft_tokens;
  SamplingConfig sampling;
  sampling.max_completion_length = length;
  LocalEngine engine(model, nullptr, config, pool);
  auto groups = engine.generate(requests, sampling, kSeed);
  return {std::move(groups), engine.stats()};
}

// What the learner's MTP pass over the whole sequence predicts at each pair (state of i, token i + 1), drawn with the noise of
// position i + 2.
std::vector<TokenId> mtp_predictions(const model::Transformer& model, const std::vector<TokenId>& ids, uint64_t key) {
  const c10::AutoGradMode no_gradients(false);
  const auto batch = model::make_batch({{ids, -1}}, at::kCPU);
  std::vector<int64_t> next(ids.begin() + 1, ids.end());
  next.push_back(0);
  const auto states = model.forward_mtp(batch, model.forward(batch), at::tensor(next));
  const auto logits = kernels::linear_logits(states, model.head_weight(), 1.0);
  Sampler sampler({}, model.config().vocab_size);
  std::vector<TokenId> out;
  for (int64_t i = 0; i + 1 < states.size(0); ++i)
    out.push_back(sampler.draw(logits.const_data_ptr<float>() + i * logits.size(1), key, i + 2)->id);
  return out;
}

struct Count {
  int64_t drafts = 0, accepted = 0, draws = 0;
};

// A sample's steps with one draft each: none in the first two, since the module needs two drawn tokens, and none beyond the
// last token that may be drawn.
Count expected_count(const std::vector<TokenId>& predictions, const std::vector<TokenId>& ids, size_t prompt_length, size_t length) {
  Count count{0, 0, 2};
  for (size_t drawn = 2; drawn < ids.size(); ++drawn) {
    ++count.draws;
    if (drawn + 1 >= length) continue;
    ++count.drafts;
    if (predictions[prompt_length + drawn - 2] != ids[drawn]) continue;
    ++count.accepted;
    ++drawn;
  }
  if (ids.size() == 1) count.draws = 1;
  return count;
}

}  // namespace

TEST_CASE("drafts: the module in the engine guesses what the learner's pass over the whole sequence predicts") {
  const auto model = test::tiny_model(with_mtp());
  auto requests = test::some_requests(12, 2);
  for (auto& request : requests) request.stop_ids = {};
  const size_t length = 30;
  const auto run = generate(model, requests, "mtp", 1, static_cast<int64_t>(length));
  Count expected;
  for (size_t r = 0; r < requests.size(); ++r)
    for (int s = 0; s < 2; ++s) {
      auto ids = requests[r].prompt;
      const auto& completion = run.groups[r].completions[static_cast<size_t>(s)];
      ids.insert(ids.end(), completion.ids.begin(), completion.ids.end());
      const auto predictions = mtp_predictions(model, ids, noise_key(kSeed, requests[r].prompt_id, s));
      const auto one = expected_count(predictions, completion.ids, requests[r].prompt.size(), length);
      expected.drafts += one.drafts;
      expected.accepted += one.accepted;
      expected.draws += one.draws;
    }
  CHECK(run.stats.draft_tokens == expected.drafts);
  CHECK(run.stats.accepted_tokens == expected.accepted);
  CHECK(run.stats.draws == expected.draws);
  CHECK(run.stats.accepted_tokens > 0);
  CHECK(run.stats.accepted_tokens < run.stats.draft_tokens);
  CHECK(run.stats.new_tokens == run.stats.draws + run.stats.accepted_tokens);
}

TEST_CASE("drafts: a certain model is followed by its own texts, and takes fewer steps for the same tokens") {
  auto model = test::tiny_model(test::tiny_llama());
  for (auto& p : model.parameters())  // nothing but the embedding reaches the head: a cycle of tokens
    if (p.name.find("o_proj") != std::string::npos || p.name.find("down_proj") != std::string::npos) p.value.zero_();
  auto requests = test::some_requests(3, 4);
  for (auto& request : requests) request.stop_ids = {};
  base::ThreadPool pool(1);
  SamplingConfig sampling;
  sampling.temperature = 0;
  sampling.max_completion_length = 80;
  int64_t steps[2];
  std::vector<Group> groups[2];
  for (const int drafting : {0, 1}) {
    EngineConfig config;
    config.draft = drafting ? "lookup" : "none";
    LocalEngine engine(model, nullptr, config, pool);
    groups[drafting] = engine.generate(requests, sampling, kSeed);
    steps[drafting] = engine.stats().decode_steps;
  }
  CHECK(steps[1] * 3 < steps[0] * 2);  // the cycle has to come round once
  for (size_t r = 0; r < requests.size(); ++r)
    for (size_t s = 0; s < 4; ++s) CHECK(groups[0][r].completions[s].ids == groups[1][r].completions[s].ids);
}

TEST_CASE("drafts: n-grams, longest and latest first, over the prompt's end, and from the group's other samples") {
  NgramIndex index({1, 2, 3, 4, 5, 1, 2});
  index.extend(0, {3});
  CHECK(index.guess(0, 8) == std::vector<TokenId>{4, 5, 1, 2});  // "1 2 3" stood at the prompt's start
  CHECK(index.guess(0, 2) == std::vector<TokenId>{4, 5});
  index.extend(0, {3, 9});
  CHECK(index.guess(0, 8).empty());
  index.extend(0, {3, 9, 2, 3});
  CHECK(index.guess(0, 1) == std::vector<TokenId>{9});  // "2 3" stood last at the prompt's end
  index.extend(4, {3});
  CHECK(index.guess(4, 3) == std::vector<TokenId>{9, 2, 3});  // what sample 0 went on with
  index.extend(5, {});
  CHECK(index.guess(5, 2) == std::vector<TokenId>{3});  // sample 4, the latest, has no more
  NgramIndex one({7});
  one.extend(0, {});
  CHECK(one.guess(0, 4).empty());
}

TEST_CASE("drafts: the faster way is kept for batches of each size, and the other one tried again") {
  DraftGovernor governor;
  const auto play = [&](int64_t sequences, double speed_with, int steps) {
    int drafted = 0;
    for (int i = 0; i < steps; ++i) {
      const bool drafts = governor.wants_drafts(sequences);
      drafted += drafts;
      governor.record(sequences, drafts, 1.0 / (drafts ? speed_with : 1.0), 10);
    }
    return drafted;
  };
  CHECK(play(4, 1.5, 12) == 6);  // both ways first
  CHECK(play(4, 1.5, 240) == 240);
  CHECK(play(64, 0.5, 12) == 6);
  CHECK(play(64, 0.5, 240) == 0);
  CHECK(play(64, 0.5, 20) == 4);  // step 256 to 259
  play(4, 0.5, 600);              // the machine changed its mind
  CHECK(play(4, 0.5, 100) <= 4);
}

TEST_CASE("drafts: asking for a module that the model does not have is refused") {
  const auto model = test::tiny_model(test::tiny_llama());
  base::ThreadPool pool(1);
  EngineConfig config;
  config.draft = "mtp";
  test::check_error([&] { LocalEngine(model, nullptr, config, pool); }, "no multi-token prediction module", "engine.draft", "lookup");
}

TEST_CASE("experts: every drawn token's are recorded, and the load counts them all") {
  const auto model = test::tiny_model(test::tiny_deepseek());
  const auto requests = test::some_requests(4, 3);
  base::ThreadPool pool(2);
  EngineConfig config;
  config.record_routing = true;
  config.draft = "none";
  SamplingConfig sampling;
  sampling.max_completion_length = 12;
  LocalEngine engine(model, nullptr, config, pool);
  const auto groups = engine.generate(requests, sampling, kSeed);
  int64_t computed = engine.stats().prompt_tokens;
  for (const auto& group : groups)
    for (const auto& completion : group.completions) {
      CHECK(completion.experts.size() == completion.ids.size() * 2);  // one mixture layer, two experts per token
      CHECK(std::all_of(completion.experts.begin(), completion.experts.end(), [](uint16_t e) { return e < 8; }));
      computed += static_cast<int64_t>(completion.ids.size()) - 1;  // nothing is computed from the last one
    }
  const auto& load = engine.stats().expert_load;
  REQUIRE(load.size() == 1);
  REQUIRE(load[0].size() == 8);
  int64_t slots = 0;
  for (const int64_t count : load[0]) slots += count;
  CHECK(slots == 2 * computed);
}

}  // namespace lockstep::rollout
