// SPDX-License-Identifier: Apache-2.0
// Rollouts without groups of equal rewards.
#include "rl/dynamic_sampling.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

// Appends the groups of `more` that are not flat, and all of its counts.
void append_varied(Rollout& rollout, Rollout& more) {
  for (size_t g = 0; g < more.groups.size(); ++g) {
    rollout.draws.num_drawn += 1;
    if (is_flat(more.scores[g])) continue;
    rollout.prompts.push_back(std::move(more.prompts[g]));
    rollout.groups.push_back(std::move(more.groups[g]));
    rollout.scores.push_back(std::move(more.scores[g]));
    rollout.draws.num_kept += 1;
  }
  rollout.is_exact = more.is_exact;
  rollout.stats.add(more.stats);
  rollout.stats.seconds += more.stats.seconds;
}

}  // namespace

bool is_flat(const ScoredGroup& group) {
  std::optional<double> first;
  for (const auto& sample : group.samples) {
    if (sample.reward.status != rewards::Status::ok) continue;
    if (first && *first != sample.reward.value) return false;
    first = sample.reward.value;
  }
  return true;
}

std::optional<Rollout> draw_varied(const DynamicSamplingConfig& config,
                                   int64_t num_prompts,
                                   uint64_t& cursor,
                                   const DrawPrompts& draw) {
  Rollout out;
  uint64_t next = cursor;
  for (int refill = 0; refill <= config.max_refills && out.draws.num_kept < num_prompts; ++refill) {
    const int64_t missing = num_prompts - out.draws.num_kept;
    auto more = draw(next, missing);
    if (!more) return std::nullopt;
    next += static_cast<uint64_t>(missing);
    append_varied(out, *more);
    out.draws.num_refills = refill;
  }
  if (out.draws.num_kept < num_prompts && config.when_exhausted == "fail")
    throw Error(cat("after ", config.max_refills, " refills only ", out.draws.num_kept, " of ", num_prompts,
                    " prompts have completions whose rewards differ; ", out.draws.num_drawn, " were drawn"),
                "/grpo/dynamic_sampling",
                "choose prompts of a difficulty nearer to the model's, raise num_generations or max_refills, or set "
                "when_exhausted to go_on");
  cursor = next;
  return out;
}

}  // namespace lockstep::rl
