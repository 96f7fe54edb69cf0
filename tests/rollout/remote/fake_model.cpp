// SPDX-License-Identifier: Apache-2.0
// Completions as pure functions of their keys.
#include "tests/rollout/remote/fake_model.h"

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"

namespace lockstep::rollout::remote {
namespace {

uint64_t key_of(const std::vector<std::span<const std::byte>>& weights) {
  base::Sha256 sha;
  for (const auto& tensor : weights) sha.update(tensor.data(), tensor.size());
  return std::stoull(sha.hex().substr(0, 16), nullptr, 16);
}

Completion draw(const Request& request, const SamplingConfig& sampling, uint64_t key) {
  uint64_t prompt_key = request.prompt_id;
  for (const TokenId id : request.prompt)
    prompt_key = base::derive_key(prompt_key, "prompt", static_cast<uint64_t>(id));
  base::Random random(key, "completion", prompt_key);
  Completion completion;
  while (static_cast<int64_t>(completion.ids.size()) < sampling.max_completion_length) {
    completion.ids.push_back(static_cast<TokenId>(random.below(kFakeVocab)));
    completion.logprobs.push_back(static_cast<float>(-random.uniform() * (1 + sampling.temperature)));
    for (int k = 0; k < 2; ++k) completion.experts.push_back(static_cast<uint16_t>(random.below(64)));
    const auto& stops = request.stop_ids;
    if (std::find(stops.begin(), stops.end(), completion.ids.back()) == stops.end()) continue;
    completion.finish = FinishReason::eos;
    break;
  }
  return completion;
}

}  // namespace

std::vector<Group> KeyedEngine::generate(const std::vector<Request>& requests,
                                         const SamplingConfig& sampling,
                                         uint64_t seed,
                                         const Listener& listener) {
  const uint64_t weights_key = key_of(weights_);
  stats_ = {};
  std::vector<Group> groups(requests.size());
  for (size_t r = 0; r < requests.size(); ++r) {
    bool is_whole = true;
    for (int s = 0; s < requests[r].num_samples; ++s) {
      if (before_sample) before_sample();
      Completion completion;
      completion.finish = FinishReason::aborted;
      const auto sample = static_cast<uint64_t>(requests[r].first_sample + s);
      if (!stop) completion = draw(requests[r], sampling, base::derive_key(weights_key, "sample", seed, sample));
      is_whole &= completion.finish != FinishReason::aborted;
      completion.weight_version = version_;
      stats_.new_tokens += static_cast<int64_t>(completion.ids.size());
      groups[r].completions.push_back(std::move(completion));
    }
    stats_.decode_steps += 1;
    stats_.draws += requests[r].num_samples;
    stats_.add({.draft_tokens = 5, .accepted_tokens = 2, .expert_load = {{1, 2}, {3}}});
    if (listener.on_group && is_whole) listener.on_group(r, groups[r]);
  }
  stats_.peak_cache_rows = 7;
  return groups;
}

FakeWeights fake_weights(uint64_t number, size_t num_bytes) {
  FakeWeights weights(4);
  base::Random random(number, "fake weights");
  for (size_t i = 0; i < num_bytes; ++i)
    weights[i % 3 == 2 ? 3 : i % 3].push_back(static_cast<std::byte>(random.bits()));
  return weights;
}

MakeHost fake_hosts(size_t num_bytes) {
  return [num_bytes](const Welcome&) { return std::make_unique<FakeHost>(num_bytes); };
}

MakeHost wrong_hosts() {
  return [](const Welcome&) { return std::make_unique<FakeHost>(1000, true); };
}

Welcome FakeSource::welcome() const {
  Welcome welcome;
  welcome.run = "test";
  welcome.model_config = "{}";
  welcome.dtype = "float32";
  welcome.engine_config = "{}";
  return welcome;
}

void FakeSource::check(const std::vector<Request>& requests, const SamplingConfig&) const {
  for (const Request& request : requests)
    if (request.prompt.empty()) throw Error("the prompt is empty", "request", "begin it with a token");
}

void FakeSource::learn(uint64_t number) {
  size_t num_bytes = 0;
  for (const auto& tensor : weights) num_bytes += tensor.size();
  const FakeWeights others = fake_weights(number, num_bytes);
  for (size_t t = 0; t < weights.size(); ++t) std::copy(others[t].begin(), others[t].end(), weights[t].begin());
}

void FakeSource::nudge(uint64_t number) {
  base::Random random(number, "nudge");
  for (auto& tensor : weights)
    if (!tensor.empty()) tensor[random.below(tensor.size())] ^= static_cast<std::byte>(random.between(1, 255));
}

std::vector<Request> fake_requests(size_t count, uint64_t seed) {
  base::Random random(seed, "fake requests");
  std::vector<Request> requests(count);
  for (Request& request : requests) {
    request.prompt_id = random.bits64();
    request.num_samples = static_cast<int>(random.between(1, 9));
    for (auto i = random.between(1, 20); i > 0; --i)
      request.prompt.push_back(static_cast<TokenId>(random.below(kFakeVocab)));
    if (random.chance(0.5)) request.stop_ids = {static_cast<TokenId>(random.below(kFakeVocab))};
  }
  return requests;
}

bool is_same(const std::vector<Group>& a, const std::vector<Group>& b) {
  const auto same_completion = [](const Completion& x, const Completion& y) {
    const auto bits = [](float p, float q) { return std::bit_cast<uint32_t>(p) == std::bit_cast<uint32_t>(q); };
    return x.ids == y.ids && std::ranges::equal(x.logprobs, y.logprobs, bits) && x.finish == y.finish &&
           x.experts == y.experts && x.weight_version == y.weight_version;
  };
  return std::ranges::equal(a, b, [&](const Group& x, const Group& y) {
    return std::ranges::equal(x.completions, y.completions, same_completion);
  });
}

}  // namespace lockstep::rollout::remote
