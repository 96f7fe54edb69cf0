// SPDX-License-Identifier: Apache-2.0
// Several rewards as one: a weighted sum with its breakdown, and what goes into the log about a batch.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rewards/registry.h"
#include "rewards/reward.h"

namespace lockstep::rewards {

struct CombinedScore {
  // ok: at least one reward with a weight other than 0 is ok. Otherwise the sample cannot be scored and has no place in
  // its group's mean: error before timeout before skip, whichever occurred.
  Status status = Status::skip;
  double value = 0;          // sum of weight * value over the rewards that are ok (TRL's nansum)
  std::vector<Score> parts;  // in the order of names()
};

// Of one reward over a batch. Mean and standard deviation (divisor n - 1, as TRL) run over the ok scores only.
struct RewardStats {
  int64_t num_ok = 0, num_skip = 0, num_error = 0, num_timeout = 0;
  double mean = 0, std = 0;               // 0 when there is no ok score; std 0 for one
  std::map<std::string, double> metrics;  // mean of each named metric over the scores that have it
};

class Combined {
 public:
  struct Part {
    std::unique_ptr<Reward> reward;
    double weight = 1;
  };
  // Error when there is no reward, when two share a name, or when a weight is not finite.
  Combined(std::vector<Part> parts, const std::string& where = "/rewards");
  // `more`: types besides the built-in ones.
  Combined(const std::vector<RewardConfig>& configs, uint64_t run_seed, const std::string& where = "/rewards",
           const std::vector<RewardType>& more = {});

  size_t size() const { return parts_.size(); }
  const std::string& name(size_t i) const { return parts_[i].reward->name(); }
  double weight(size_t i) const { return parts_[i].weight; }
  std::vector<double> weights() const;
  const Reward& reward(size_t i) const { return *parts_[i].reward; }

  // Thread-safe. An exception in a reward, and a value that is not finite, become Status::error with the text.
  CombinedScore score(const Sample& sample) const;
  // The same for the completions of one prompt. An exception of a reward that scores the batch as a whole fails all of it.
  std::vector<CombinedScore> score_batch(std::span<const Sample> samples) const;

  // The same in two steps, for samples that come one by one. First each alone: the scores of the rewards that allow it
  // (Reward::scores_each_alone), in the order of names, the others missing. Then all samples of the prompt in their order,
  // with what is known of each: the missing rewards get their batch. The result is score_batch's, whichever sample came first.
  using Known = std::vector<std::optional<Score>>;
  Known score_alone(const Sample& sample) const;
  std::vector<CombinedScore> complete(std::span<const Sample> samples, std::vector<Known> known) const;

  // One entry per reward, in the order of names.
  std::vector<RewardStats> stats(const std::vector<CombinedScore>& scores) const;

 private:
  std::vector<Part> parts_;
};

}  // namespace lockstep::rewards
