// SPDX-License-Identifier: Apache-2.0
// A forward pass over a rollout, packed as the updates are.
#include "rl/rollout_logprobs.h"

#include <c10/core/GradMode.h>

#include "rl/micro_logprobs.h"
#include "rl/routing_replay.h"

namespace lockstep::rl {

CompletionLogprobs rollout_logprobs(Learner& learner, const Rollout& rollout, const GrpoConfig& config, const model::Transformer& m) {
  std::vector<PackRow> rows;
  std::vector<std::vector<float>*> targets;
  std::vector<const rollout::Completion*> completions_of;
  CompletionLogprobs out(rollout.groups.size());
  for (size_t g = 0; g < rollout.groups.size(); ++g) {
    const auto& completions = rollout.groups[g].completions;
    out[g].resize(completions.size());
    for (size_t i = 0; i < completions.size(); ++i) {
      rows.push_back({&rollout.prompts[g].ids, &completions[i].ids, static_cast<int64_t>(g), static_cast<int64_t>(rows.size())});
      targets.push_back(&out[g][i]);
      completions_of.push_back(&completions[i]);
    }
  }
  auto micros = pack(rows, {config.learner.max_tokens, learner.num_shards(), learner.model().options().device});
  if (config.routing_replay && &m == &learner.model())
    for (auto& micro : micros) replay_routing(micro, m.config(), [&](int64_t sample) -> const auto& { return *completions_of[static_cast<size_t>(sample)]; });
  std::vector<std::vector<float>> parts(micros.size());
  learner.accumulate(static_cast<int>(micros.size()), [&](const model::Transformer&, int index) {
    const c10::NoGradGuard no_grad;
    const auto& micro = micros[static_cast<size_t>(index)];
    const auto logprobs = micro_logprobs(m, micro, config.sampling.temperature, nullptr).to(at::kCPU).contiguous();
    parts[static_cast<size_t>(index)].assign(logprobs.const_data_ptr<float>(), logprobs.const_data_ptr<float>() + logprobs.numel());
    return Tensor();
  });
  learner.share(parts);
  for (size_t m_index = 0; m_index < micros.size(); ++m_index) {
    const auto& micro = micros[m_index];
    const float* data = parts[m_index].data();
    for (size_t i = 0; i < micro.samples.size(); ++i)
      targets[static_cast<size_t>(micro.samples[i])]->assign(data + micro.sample_offsets[i], data + micro.sample_offsets[i + 1]);
  }
  return out;
}

}  // namespace lockstep::rl
