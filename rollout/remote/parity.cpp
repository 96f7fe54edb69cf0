// SPDX-License-Identifier: Apache-2.0
// The probe's call, and the comparison of its answers.
#include "rollout/remote/parity.h"

#include <algorithm>
#include <bit>
#include <iomanip>

#include "base/rng.h"
#include "base/text.h"

namespace lockstep::rollout::remote {
namespace {

constexpr uint64_t kSeed = 20240607;  // any: all that matters is that both sides have the same
constexpr int64_t kMaxTokens = 16;
constexpr size_t kPromptLengths[] = {5, 12};
constexpr int kSamples = 2;

std::string token_text(TokenId id, float logprob) {
  std::ostringstream text;
  text << "token " << id << " with log-probability " << logprob << " (bits 0x" << std::hex << std::setfill('0')
       << std::setw(8) << std::bit_cast<uint32_t>(logprob) << ")";
  return std::move(text).str();
}

std::optional<std::string> difference(const Completion& ours, const Completion& theirs) {
  const size_t shared = std::min({ours.ids.size(), theirs.ids.size(), theirs.logprobs.size()});
  for (size_t i = 0; i < shared; ++i) {
    const bool is_same_token = ours.ids[i] == theirs.ids[i];
    if (is_same_token && std::bit_cast<uint32_t>(ours.logprobs[i]) == std::bit_cast<uint32_t>(theirs.logprobs[i]))
      continue;
    return cat("position ", i, ": ", token_text(theirs.ids[i], theirs.logprobs[i]), ", here ",
               token_text(ours.ids[i], ours.logprobs[i]));
  }
  if (ours.ids.size() != theirs.ids.size() || theirs.logprobs.size() != theirs.ids.size())
    return cat(theirs.ids.size(), " tokens and ", theirs.logprobs.size(), " log-probabilities, here ", ours.ids.size());
  if (ours.finish != theirs.finish) return "another finish reason";
  if (ours.experts != theirs.experts) return "other experts";
  return std::nullopt;
}

}  // namespace

Probe make_probe(int64_t vocab_size) {
  Probe probe;
  probe.seed = kSeed;
  probe.sampling.max_completion_length = kMaxTokens;
  base::Random ids(kSeed, "parity probe");
  for (const size_t length : kPromptLengths) {
    Request request;
    request.prompt_id = probe.requests.size();
    request.num_samples = kSamples;
    for (size_t i = 0; i < length; ++i)
      request.prompt.push_back(static_cast<TokenId>(ids.below(static_cast<uint64_t>(vocab_size))));
    probe.requests.push_back(std::move(request));
  }
  return probe;
}

std::optional<std::string> find_difference(const Group& ours, const Group& theirs) {
  if (ours.completions.size() != theirs.completions.size())
    return cat(theirs.completions.size(), " completions, here ", ours.completions.size());
  for (size_t s = 0; s < ours.completions.size(); ++s)
    if (const auto where = difference(ours.completions[s], theirs.completions[s]))
      return cat("sample ", s, ", ", *where);
  return std::nullopt;
}

}  // namespace lockstep::rollout::remote
