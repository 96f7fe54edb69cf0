// SPDX-License-Identifier: Apache-2.0
// The weighted sum and its statistics.
#include "rewards/combined.h"

#include <cmath>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards {
namespace {

std::vector<Combined::Part> make_parts(const std::vector<RewardConfig>& configs,
                                       uint64_t run_seed,
                                       const std::string& where) {
  std::vector<Combined::Part> parts;
  for (const RewardConfig& config : configs) {
    parts.push_back({make_reward(config, run_seed, cat(where, "/", parts.size())), config.weight});
  }
  return parts;
}

Score guarded_score(const Reward& reward, const Sample& sample) {
  Score score;
  try {
    score = reward.score(sample);
    if (score.status == Status::ok && !std::isfinite(score.value)) {
      score.status = Status::error;
      score.detail = cat("the value ", score.value, " is not finite");
    }
  } catch (const std::exception& error) {
    score = {.status = Status::error, .detail = error.what()};
  } catch (...) {
    score = {.status = Status::error, .detail = "an exception that is no std::exception"};
  }
  if (score.status != Status::ok) score.value = 0;
  return score;
}

// error before timeout before skip
int severity(Status status) { return status == Status::error ? 2 : status == Status::timeout ? 1 : 0; }

RewardStats stats_of(const std::vector<CombinedScore>& scores, size_t part) {
  RewardStats stats;
  std::map<std::string, int64_t> counts;
  double sum = 0, sum_of_squares = 0;
  for (const CombinedScore& combined : scores) {
    const Score& score = combined.parts[part];
    switch (score.status) {
      case Status::ok:
        ++stats.num_ok;
        break;
      case Status::skip:
        ++stats.num_skip;
        break;
      case Status::error:
        ++stats.num_error;
        break;
      case Status::timeout:
        ++stats.num_timeout;
        break;
    }
    if (score.status == Status::ok) sum += score.value;
    for (const auto& [name, value] : score.metrics) {
      stats.metrics[name] += value;
      ++counts[name];
    }
  }
  for (auto& [name, value] : stats.metrics) value /= static_cast<double>(counts[name]);
  if (stats.num_ok == 0) return stats;
  stats.mean = sum / static_cast<double>(stats.num_ok);
  for (const CombinedScore& combined : scores) {
    const Score& score = combined.parts[part];
    if (score.status == Status::ok) sum_of_squares += (score.value - stats.mean) * (score.value - stats.mean);
  }
  if (stats.num_ok > 1) stats.std = std::sqrt(sum_of_squares / static_cast<double>(stats.num_ok - 1));
  return stats;
}

}  // namespace

Combined::Combined(std::vector<Part> parts, const std::string& where) : parts_(std::move(parts)) {
  if (parts_.empty())
    throw Error("there is no reward", where, "name at least one, for example {\"type\": \"accuracy\"}");
  std::set<std::string> names;
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (!names.insert(name(i)).second) {
      throw Error(cat("two rewards are called \"", base::printable(name(i)), "\""), cat(where, "/", i),
                  "give one of them another `name`");
    }
    if (!std::isfinite(parts_[i].weight)) {
      throw Error(cat("the weight ", parts_[i].weight, " is not finite"), cat(where, "/", i, "/weight"),
                  "give a number");
    }
  }
}

Combined::Combined(const std::vector<RewardConfig>& configs, uint64_t run_seed, const std::string& where)
    : Combined(make_parts(configs, run_seed, where), where) {}

CombinedScore Combined::score(const Sample& sample) const {
  CombinedScore combined;
  bool is_scored = false;
  for (const Part& part : parts_) {
    Score score = guarded_score(*part.reward, sample);
    if (score.status == Status::ok) {
      combined.value += part.weight * score.value;
      is_scored = is_scored || part.weight != 0;
    } else if (severity(score.status) > severity(combined.status)) {
      combined.status = score.status;
    }
    combined.parts.push_back(std::move(score));
  }
  if (is_scored) {
    combined.status = Status::ok;
  } else {
    combined.value = 0;
  }
  return combined;
}

std::vector<RewardStats> Combined::stats(const std::vector<CombinedScore>& scores) const {
  std::vector<RewardStats> all;
  for (size_t part = 0; part < parts_.size(); ++part) all.push_back(stats_of(scores, part));
  return all;
}

}  // namespace lockstep::rewards
