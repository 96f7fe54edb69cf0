// SPDX-License-Identifier: Apache-2.0
// The weighted sum and its statistics.
#include "rewards/combined.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards {
namespace {

std::vector<Combined::Part> make_parts(const std::vector<RewardConfig>& configs,
                                       uint64_t run_seed,
                                       const std::string& where,
                                       const std::vector<RewardType>& more) {
  std::vector<Combined::Part> parts;
  for (const RewardConfig& config : configs) {
    parts.push_back({make_reward(config, run_seed, cat(where, "/", parts.size()), more), config.weight});
  }
  return parts;
}

// What a reward may not return: values that are not finite, values beside a status that has none.
void check_value(Score& score) {
  if (score.status == Status::ok && !std::isfinite(score.value)) {
    score.status = Status::error;
    score.detail = cat("the value ", score.value, " is not finite");
  }
  if (score.status != Status::ok) score.value = 0;
}

// Never throws: what goes wrong becomes the status of every sample.
std::vector<Score> guarded_scores(const Reward& reward, std::span<const Sample> samples) {
  std::vector<Score> scores;
  std::string problem;
  try {
    scores = reward.score_batch(samples);
    if (scores.size() != samples.size()) problem = cat(scores.size(), " scores for ", samples.size(), " samples");
  } catch (const std::exception& error) {
    problem = error.what();
  } catch (...) {
    problem = "an exception that is no std::exception";
  }
  if (!problem.empty()) scores.assign(samples.size(), {.status = Status::error, .detail = problem});
  for (Score& score : scores) check_value(score);
  return scores;
}

// Of one reward: what is known when it is known of every sample, else the batch's scores.
std::vector<Score> known_or_scored(const Reward& reward,
                                   std::span<const Sample> samples,
                                   std::vector<Combined::Known>& known,
                                   size_t part) {
  const bool is_known = std::all_of(known.begin(), known.end(),
                                    [&](const Combined::Known& of_sample) { return of_sample[part].has_value(); });
  if (!is_known) return guarded_scores(reward, samples);
  std::vector<Score> scores;
  for (Combined::Known& of_sample : known) scores.push_back(*std::move(of_sample[part]));
  return scores;
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

Combined::Combined(const std::vector<RewardConfig>& configs, uint64_t run_seed, const std::string& where,
                   const std::vector<RewardType>& more)
    : Combined(make_parts(configs, run_seed, where, more), where) {}

std::vector<double> Combined::weights() const {
  std::vector<double> weights;
  for (const Part& part : parts_) weights.push_back(part.weight);
  return weights;
}

std::vector<CombinedScore> Combined::score_batch(std::span<const Sample> samples) const {
  return complete(samples, std::vector<Known>(samples.size(), Known(parts_.size())));
}

Combined::Known Combined::score_alone(const Sample& sample) const {
  Known known(parts_.size());
  for (size_t part = 0; part < parts_.size(); ++part) {
    const Reward& reward = *parts_[part].reward;
    if (reward.scores_each_alone()) known[part] = std::move(guarded_scores(reward, {&sample, 1}).front());
  }
  return known;
}

std::vector<CombinedScore> Combined::complete(std::span<const Sample> samples, std::vector<Known> known) const {
  LOCKSTEP_CHECK(known.size() == samples.size(), "what is known is known of each sample");
  std::vector<CombinedScore> all(samples.size());
  std::vector<bool> is_scored(samples.size());
  for (size_t p = 0; p < parts_.size(); ++p) {
    const Part& part = parts_[p];
    std::vector<Score> scores = known_or_scored(*part.reward, samples, known, p);
    for (size_t i = 0; i < samples.size(); ++i) {
      CombinedScore& combined = all[i];
      if (scores[i].status == Status::ok) {
        combined.value += part.weight * scores[i].value;
        is_scored[i] = is_scored[i] || part.weight != 0;
      } else if (severity(scores[i].status) > severity(combined.status)) {
        combined.status = scores[i].status;
      }
      combined.parts.push_back(std::move(scores[i]));
    }
  }
  for (size_t i = 0; i < samples.size(); ++i) {
    if (is_scored[i]) {
      all[i].status = Status::ok;
    } else {
      all[i].value = 0;
    }
  }
  return all;
}

CombinedScore Combined::score(const Sample& sample) const { return std::move(score_batch({&sample, 1}).front()); }

std::vector<RewardStats> Combined::stats(const std::vector<CombinedScore>& scores) const {
  std::vector<RewardStats> all;
  for (size_t part = 0; part < parts_.size(); ++part) all.push_back(stats_of(scores, part));
  return all;
}

}  // namespace lockstep::rewards
