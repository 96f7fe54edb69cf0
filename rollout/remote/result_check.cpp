// SPDX-License-Identifier: Apache-2.0
// The rules that every completion keeps, whatever the model is.
#include "rollout/remote/result_check.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

constexpr float kMaxLogprob = 1e-3f;  // of a certain token, rounding may leave it a little above 0

std::optional<std::string> fault_of_tokens(const Completion& completion, const ExpectedGroup& expected) {
  for (size_t i = 0; i < completion.ids.size(); ++i) {
    if (completion.ids[i] < 0 || completion.ids[i] >= expected.vocab_size)
      return cat("token ", i, ": id ", completion.ids[i], " is outside the vocabulary of ", expected.vocab_size);
    if (!std::isfinite(completion.logprobs[i]) || completion.logprobs[i] > kMaxLogprob)
      return cat("token ", i, ": ", completion.logprobs[i], " is no log-probability");
  }
  return std::nullopt;
}

std::optional<std::string> fault_of_finish(const Completion& completion, const ExpectedGroup& expected) {
  const std::vector<TokenId>& stops = expected.request.stop_ids;
  switch (completion.finish) {
    case FinishReason::length:
      return std::nullopt;
    case FinishReason::eos:
      if (std::find(stops.begin(), stops.end(), completion.ids.back()) != stops.end()) return std::nullopt;
      return cat("it ends by token ", completion.ids.back(), ", which is no stop id");
    case FinishReason::stop:
      if (!expected.sampling.stop.empty()) return std::nullopt;
      return "it ends by a stop string, and there are none";
    case FinishReason::aborted:
      return "it is unfinished";
  }
  return "its finish reason is unknown";
}

std::optional<std::string> fault_of(const Completion& completion, const ExpectedGroup& expected) {
  const size_t length = completion.ids.size();
  if (length == 0 || length > static_cast<uint64_t>(expected.sampling.max_completion_length))
    return cat(length, " tokens, where 1 to ", expected.sampling.max_completion_length, " were asked for");
  if (completion.logprobs.size() != length)
    return cat(completion.logprobs.size(), " log-probabilities of ", length, " tokens");
  if (completion.experts.size() != length * expected.experts_per_token)
    return cat(completion.experts.size(), " experts of ", length, " tokens with ", expected.experts_per_token, " each");
  if (completion.weight_version != expected.weight_version)
    return cat("drawn from version ", completion.weight_version, " of the weights, not ", expected.weight_version);
  if (auto fault = fault_of_tokens(completion, expected)) return fault;
  return fault_of_finish(completion, expected);
}

}  // namespace

std::optional<std::string> find_fault(const Group& group, const ExpectedGroup& expected) {
  if (group.completions.size() != static_cast<uint64_t>(expected.num_samples))
    return cat(group.completions.size(), " completions, where ", expected.num_samples, " were asked for");
  for (size_t s = 0; s < group.completions.size(); ++s)
    if (const auto fault = fault_of(group.completions[s], expected)) return cat("completion ", s, ": ", *fault);
  return std::nullopt;
}

}  // namespace lockstep::rollout::remote
