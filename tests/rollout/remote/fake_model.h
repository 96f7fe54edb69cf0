// SPDX-License-Identifier: Apache-2.0
// A model that is nothing but bytes, and an engine whose completions depend on all that they may depend on.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rollout/remote/model_source.h"

namespace lockstep::rollout::remote {

inline constexpr int64_t kFakeVocab = 97;

// Draws from (weights' bytes, prompt, prompt_id, first_sample + sample, seed, sampling), as a real engine does.
class KeyedEngine final : public Engine {
 public:
  explicit KeyedEngine(std::vector<std::span<const std::byte>> weights) : weights_(std::move(weights)) {}
  std::vector<Group> generate(const std::vector<Request>& requests,
                              const SamplingConfig& sampling,
                              uint64_t seed,
                              const Listener& listener = {}) override;
  void publish(uint64_t weight_version) override { version_ = weight_version; }
  uint64_t weight_version() const override { return version_; }
  const EngineStats& stats() const override { return stats_; }

  std::atomic<bool> stop{false};
  std::function<void()> before_sample;  // may be empty

 private:
  std::vector<std::span<const std::byte>> weights_;
  uint64_t version_ = 0;
  EngineStats stats_;
};

// The bytes of weights number `number`, in tensors of odd sizes, one of them empty.
using FakeWeights = std::vector<std::vector<std::byte>>;
FakeWeights fake_weights(uint64_t number, size_t num_bytes = 1000);
template <class Byte>
std::vector<std::span<Byte>> spans_of(FakeWeights& weights) {
  return {weights.begin(), weights.end()};
}

class FakeHost final : public ModelHost {
 public:
  // A wrong one draws from other weights than it is given.
  explicit FakeHost(size_t num_bytes = 1000, bool is_wrong = false)
      : weights(fake_weights(0, num_bytes)),
        others(fake_weights(0, num_bytes)),
        keyed(spans_of<const std::byte>(is_wrong ? others : weights)) {}
  std::vector<std::span<std::byte>> tensors() override { return spans_of<std::byte>(weights); }
  Engine& engine() override { return keyed; }
  void set_stop(bool stop) override { keyed.stop = stop; }

  FakeWeights weights, others;
  KeyedEngine keyed;
  double hangs_for = 0;  // virtual seconds, at the first real work
};
MakeHost fake_hosts(size_t num_bytes = 1000);
MakeHost wrong_hosts();

class FakeSource final : public ModelSource {
 public:
  explicit FakeSource(size_t num_bytes = 1000)
      : weights(fake_weights(1, num_bytes)), keyed(spans_of<const std::byte>(weights)) {}
  Welcome welcome() const override;
  int64_t vocab_size() const override { return kFakeVocab; }
  std::vector<std::span<const std::byte>> tensors() const override { return {weights.begin(), weights.end()}; }
  void check(const std::vector<Request>& requests, const SamplingConfig& sampling) const override;
  Engine& local() override { return keyed; }
  void learn(uint64_t number);  // other weights, in place
  void nudge(uint64_t number);  // a few of their bytes

  FakeWeights weights;
  KeyedEngine keyed;
};

// `count` requests of different prompts and numbers of samples.
std::vector<Request> fake_requests(size_t count, uint64_t seed);

bool is_same(const std::vector<Group>& a, const std::vector<Group>& b);

}  // namespace lockstep::rollout::remote
