// SPDX-License-Identifier: Apache-2.0
// An engine that answers from a script: for tests of whatever drives an engine, without a model.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "rollout/engine.h"

namespace lockstep::test {

// Each completion is `script(request, sample index, seed)`; the version is filled in. Every call is recorded.
class FakeEngine final : public rollout::Engine {
 public:
  using Script = std::function<rollout::Completion(const rollout::Request&, int sample, uint64_t seed)>;
  struct Call {
    std::vector<rollout::Request> requests;
    rollout::SamplingConfig sampling;
    uint64_t seed = 0, weight_version = 0;
  };

  explicit FakeEngine(Script script) : script_(std::move(script)) {}

  std::vector<rollout::Group> generate(
      const std::vector<rollout::Request>& requests,
      const rollout::SamplingConfig& sampling,
      uint64_t seed,
      const rollout::Listener& listener = {}) override {
    calls.push_back({requests, sampling, seed, version_});
    stats_ = {};
    std::vector<rollout::Group> groups(requests.size());
    for (size_t r = 0; r < requests.size(); ++r) {
      stats_.prompt_tokens += static_cast<int64_t>(requests[r].prompt.size());
      for (int s = 0; s < requests[r].num_samples; ++s) {
        groups[r].completions.push_back(script_(requests[r], s, seed));
        groups[r].completions.back().weight_version = version_;
        stats_.new_tokens += static_cast<int64_t>(groups[r].completions.back().ids.size());
      }
      // The last sample first: nobody may count on an order.
      for (size_t s = groups[r].completions.size(); listener.on_completion && s-- > 0;) {
        listener.on_completion(r, s, groups[r].completions[s]);
      }
      if (listener.on_group) listener.on_group(r, groups[r]);
    }
    return groups;
  }
  void publish(uint64_t weight_version) override { version_ = weight_version; }
  uint64_t weight_version() const override { return version_; }
  const rollout::EngineStats& stats() const override { return stats_; }

  std::vector<Call> calls;

 private:
  Script script_;
  uint64_t version_ = 0;
  rollout::EngineStats stats_;
};

}  // namespace lockstep::test
