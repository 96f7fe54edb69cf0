// SPDX-License-Identifier: Apache-2.0
// Routing replay: what the router would choose anyway changes no bit, other experts change the loss, and prompts route for themselves.
#include "rl/routing_replay.h"

#include "tests/rl/random_rollout.h"
#include "tests/support/errors.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::test {
namespace {

// Records for each completion the experts that this model chooses, as the sampler does.
void record_routing(const model::Transformer& m, rl::Rollout& rollout) {
  const c10::NoGradGuard no_grad;
  for (size_t g = 0; g < rollout.groups.size(); ++g)
    for (auto& completion : rollout.groups[g].completions) {
      const auto& prompt = rollout.prompts[g].ids;
      model::RoutingStats stats;
      stats.keeps_experts = true;
      m.forward(model::make_batch({{joined(prompt, completion.ids), -1}}, at::kCPU), nullptr, &stats);
      completion.experts.clear();
      for (size_t t = 0; t < completion.ids.size(); ++t)
        for (const auto& layer : stats.experts) {
          if (!layer.defined()) continue;
          const auto row = layer.select(0, static_cast<int64_t>(prompt.size() + t) - 1).contiguous();
          for (int64_t k = 0; k < row.numel(); ++k) completion.experts.push_back(static_cast<uint16_t>(row.const_data_ptr<int64_t>()[k]));
        }
    }
}

bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].defined() != b[i].defined() || (a[i].defined() && !at::equal(a[i], b[i]))) return false;
  return a.size() == b.size();
}

}  // namespace

TEST_CASE("routing replay: the experts that the policy chooses itself change no bit, whatever the packing") {
  auto m = tiny_model(tiny_deepseek());
  auto rollout = random_rollout(m, 4, 8);
  record_routing(m, rollout);
  auto config = config_of();
  const auto samples = rl::rollout_advantages(rollout, config).samples;
  for (const int64_t max_tokens : {1 << 20, 32}) {
    config.learner.max_tokens = max_tokens;
    config.routing_replay = false;
    const auto plain = update_of(m, rollout, samples, config, 2);
    config.routing_replay = true;
    const auto replayed = update_of(m, rollout, samples, config, 2);
    CHECK(replayed.metrics.loss == plain.metrics.loss);
    CHECK(same(replayed.gradients, plain.gradients));
  }
}

TEST_CASE("routing replay: a policy that routes otherwise is sent where the sampler went, with its own gates") {
  auto sampler = tiny_model(tiny_deepseek()), policy = tiny_model(tiny_deepseek(), 2);
  const auto& model = policy.config();
  auto rollout = random_rollout(sampler, 3, 8);
  record_routing(sampler, rollout);
  const auto& completion = rollout.groups[0].completions[0];
  const std::vector<rl::PackRow> rows = {{&rollout.prompts[0].ids, &completion.ids, 0, 0}};
  auto micro = rl::pack(rows, {}).at(0);
  rl::replay_routing(micro, model, [&](int64_t) -> const rollout::Completion& { return completion; });
  const auto routed = [&](const model::Batch& batch) {
    const c10::NoGradGuard no_grad;
    model::RoutingStats stats;
    stats.keeps_experts = true;
    policy.forward(batch, nullptr, &stats);
    std::erase_if(stats.experts, [](const Tensor& t) { return !t.defined(); });
    return stats.experts;
  };
  const auto given = routed(micro.batch);
  auto free_batch = micro.batch;
  free_batch.experts.clear();
  const auto own = routed(free_batch);
  const auto prompt = static_cast<int64_t>(rollout.prompts[0].ids.size());
  bool differs = false;
  for (size_t layer = 0; layer < given.size(); ++layer)
    for (size_t t = 0; t < completion.ids.size(); ++t) {
      const int64_t row = prompt - 1 + static_cast<int64_t>(t);
      for (int64_t k = 0; k < model.num_experts_per_tok; ++k) {
        const auto index = (t * given.size() + layer) * static_cast<size_t>(model.num_experts_per_tok) + static_cast<size_t>(k);
        CHECK(given[layer][row][k].item<int64_t>() == completion.experts[index]);
        differs = differs || own[layer][row][k].item<int64_t>() != completion.experts[index];
      }
    }
  CHECK(differs);
  if (prompt > 1) CHECK(at::equal(given[0].narrow(0, 0, prompt - 1), own[0].narrow(0, 0, prompt - 1)));
}

TEST_CASE("routing replay: completions without experts of this shape are refused") {
  auto m = tiny_model(tiny_deepseek());
  auto rollout = random_rollout(m, 2, 8);
  auto config = config_of();
  config.routing_replay = true;
  const auto samples = rl::rollout_advantages(rollout, config).samples;
  check_error([&] { update_of(m, rollout, samples, config); }, "has 0 recorded experts", "grpo.routing_replay", "engine.record_routing");
  record_routing(m, rollout);
  for (auto& group : rollout.groups)
    for (auto& completion : group.completions) completion.experts[0] = 999;
  check_error([&] { update_of(m, rollout, samples, config); }, "a recorded expert is 999 of", "grpo.routing_replay", "draw with this model");
}

}  // namespace lockstep::test
