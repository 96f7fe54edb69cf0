// SPDX-License-Identifier: Apache-2.0
// The rollout engine's interface: prompts in, groups of completions with their log-probabilities out.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/config.h"
#include "model/tokenizer.h"

namespace lockstep::rollout {

using model::TokenId;

// How tokens are drawn. temperature 1 without truncation is what on-policy RL needs; top_k, top_p and min_p renormalise.
struct SamplingConfig {
  double temperature = 1.0;
  int64_t top_k = 0;
  double top_p = 1.0;
  double min_p = 0.0;
  int64_t max_completion_length = 256;
  std::vector<std::string> stop = {};  // stop strings, kept in the completion's ids, found in its decoded bytes
  void visit(auto&& field) {
    field("temperature", temperature, "0 is greedy", base::at_least(0));
    field("top_k", top_k, "keep the k most likely tokens; 0: all", base::at_least(0));
    field("top_p", top_p, "keep the smallest set of tokens with this probability", base::between(0, 1));
    field("min_p", min_p, "drop tokens below this share of the most likely one's probability", base::between(0, 1));
    field("max_completion_length", max_completion_length, "new tokens at most", base::at_least(1));
    field("stop", stop, "strings that end a completion");
  }
};

enum class FinishReason { eos, stop, length, aborted };
const char* finish_reason_name(FinishReason reason);

struct Request {
  uint64_t prompt_id = 0;              // keys the noise, with run seed, sample index and position
  std::vector<TokenId> prompt = {};    // not empty
  int num_samples = 1;                 // G
  std::vector<TokenId> stop_ids = {};  // end a completion with FinishReason::eos
  int first_sample = 0;                // of a part of a group: samples first_sample .. first_sample + num_samples - 1
};

struct Completion {
  std::vector<TokenId> ids;     // with the ending stop id, if one was drawn
  std::vector<float> logprobs;  // of each id: f32, after temperature, before any truncation
  FinishReason finish = FinishReason::length;
  uint64_t weight_version = 0;  // of the weights that drew it
  // Experts of the position that predicted each id, if they were asked for: [ids, mixture layers, K], best first.
  std::vector<uint16_t> experts;
};

struct Group {
  std::vector<Completion> completions;  // num_samples of them, from first_sample on
};

struct EngineStats {
  int64_t prompt_tokens = 0, new_tokens = 0, decode_steps = 0, preempted = 0;
  int64_t peak_cache_rows = 0;
  int64_t draws = 0;  // how often a sequence drew: new_tokens, less what drafts added
  int64_t draft_tokens = 0, accepted_tokens = 0;
  // Tokens routed to each expert, per mixture layer; drafts that were not kept are counted too.
  std::vector<std::vector<int64_t>> expert_load;
  double seconds = 0;

  // Sums of all but the seconds.
  void add(const EngineStats& other);
  double acceptance_rate() const;  // of drafts; 0 without any
  double tokens_per_step() const;  // that a drawing sequence gets; 1 without drafts
};

// What a caller hears while a call runs, from any thread; each may be empty. Aborted completions, and groups with one, are
// not reported.
struct Listener {
  std::function<void(size_t request, size_t sample, const Completion&)> on_completion;  // at the latest before its group
  std::function<void(size_t request, const Group&)> on_group;                           // as soon as it is complete

  Listener() = default;
  template <class OnGroup>
    requires std::invocable<const OnGroup&, size_t, const Group&>
  Listener(OnGroup action) : on_group(std::move(action)) {}  // NOLINT: a function of groups converts
};

class Engine {
 public:
  virtual ~Engine() = default;
  // One group per request, in order.
  // A prompt that does not fit the context is an Error that names the request; no completion is ever silently dropped.
  // Deterministic: the result depends on weights, requests, sampling and seed only.
  virtual std::vector<Group> generate(const std::vector<Request>& requests,
                                      const SamplingConfig& sampling,
                                      uint64_t seed,
                                      const Listener& listener = {}) = 0;
  // From now on completions are drawn from the current weights under this version; nothing cached of older ones is used.
  virtual void publish(uint64_t weight_version) = 0;
  virtual uint64_t weight_version() const = 0;
  virtual const EngineStats& stats() const = 0;  // of the last generate
};

}  // namespace lockstep::rollout
