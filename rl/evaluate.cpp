// SPDX-License-Identifier: Apache-2.0
// Held-out evaluation.
#include "rl/evaluate.h"

#include <algorithm>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "rl/score_json.h"
#include "rl/scoring.h"

namespace lockstep::rl {
namespace {

namespace evaluation = rewards::evaluation;

bool is_right(const rewards::Score& score) { return score.status == rewards::Status::ok && score.value >= 1.0; }

// One rollout read sample by sample.
class Reader {
 public:
  Reader(const Rollout& rollout, const RewardSet& rewards, const EvalOptions& options)
      : rollout_(rollout), rewards_(rewards), options_(options), accuracy_(find_accuracy(rewards.configs, options.accuracy_reward)) {
    for (size_t i = 0; i < rewards.configs.size() && !format_; ++i)
      if (rewards.configs[i].type == "format") format_ = i;
  }

  EvalResult read() {
    if (accuracy_) out_.accuracy_reward = rewards_.combined.name(*accuracy_);
    for (size_t p = 0; p < rollout_.groups.size(); ++p) {
      evaluation::PromptResult prompt{{}, evaluation::group_columns(rollout_.prompts[p].row)};
      const bool is_skipped = is_skipped_prompt(p);
      for (size_t s = 0; s < rollout_.groups[p].completions.size(); ++s) add(prompt, p, s, is_skipped);
      if (is_skipped)
        ++out_.num_skipped_prompts;
      else
        results_.push_back(std::move(prompt));
    }
    out_.num_prompts = static_cast<int64_t>(rollout_.groups.size());
    const double samples = static_cast<double>(std::max<int64_t>(1, out_.num_samples));
    for (double* value : {&out_.mean_length, &out_.reflection, &out_.truncated, &out_.reward}) *value /= samples;
    if (results_.empty()) out_.accuracy_reward.reset();  // it said nothing at all
    if (out_.accuracy_reward) measure();
    add_rewards();
    return std::move(out_);
  }

 private:
  // A prompt that the accuracy reward has nothing to say about is neither right nor wrong.
  bool is_skipped_prompt(size_t p) const {
    const auto& samples = rollout_.scores[p].samples;
    return accuracy_ && !samples.empty() && std::all_of(samples.begin(), samples.end(), [&](const ScoredSample& sample) {
      return sample.reward.parts[*accuracy_].status == rewards::Status::skip;
    });
  }

  void add(evaluation::PromptResult& prompt, size_t p, size_t s, bool is_skipped) {
    const auto& sample = rollout_.scores[p].samples[s];
    const auto& completion = rollout_.groups[p].completions[s];
    evaluation::SampleResult result;
    if (accuracy_) result = {is_right(sample.reward.parts[*accuracy_]), sample.reward.parts[*accuracy_].answer};
    out_.mean_length += static_cast<double>(completion.ids.size());
    out_.reflection += sample.has_reflection;
    out_.truncated += completion.finish == rollout::FinishReason::length;
    out_.reward += sample.reward.value;
    out_.num_samples += 1;
    if (options_.on_sample) {
      auto json = row(p, s, result);
      if (is_skipped) json["is_right"] = nullptr;
      options_.on_sample(json);
    }
    prompt.samples.push_back(std::move(result));
  }

  base::Json row(size_t p, size_t s, const evaluation::SampleResult& result) const {
    const auto& sample = rollout_.scores[p].samples[s];
    const auto& completion = rollout_.groups[p].completions[s];
    const auto& prompt = rollout_.prompts[p];
    base::Json out = {{"source", options_.source}, {"prompt_id", prompt.id}, {"sample", s},
                      {"prompt", base::repair_utf8(prompt.text)}, {"completion", base::repair_utf8(sample.text)},
                      {"answer", prompt.row.value("answer", base::Json())}, {"extracted", base::repair_utf8(result.answer)},
                      {"is_right", result.is_right}, {"reward", sample.reward.value}, {"rewards", score_json(rewards_.combined, sample.reward)},
                      {"num_tokens", completion.ids.size()}, {"finish_reason", rollout::finish_reason_name(completion.finish)}};
    for (const char* column : {"difficulty", "task", "data_source"})
      if (prompt.row.contains(column)) out[column] = prompt.row[column];
    return out;
  }

  void measure() {
    auto config = options_.measure;
    config.key = base::derive_key(options_.seed, "measure");
    out_.measures = evaluation::measure(results_, config);
    out_.pass_at_1 = out_.measures.pass_at_1.value;
    // All samples of a prompt are its k here, whatever other k were asked for.
    config.k = {options_.num_samples};
    config.num_resamples = 0;
    const auto all = evaluation::measure(results_, config);
    if (const auto found = all.pass_at.find(options_.num_samples); found != all.pass_at.end()) out_.pass_at_k = found->second.value;
    if (const auto found = all.cons_at.find(options_.num_samples); found != all.cons_at.end()) out_.cons_at_k = found->second.value;
  }

  void add_rewards() {
    std::vector<rewards::CombinedScore> scores;
    for (const auto& group : rollout_.scores)
      for (const auto& sample : group.samples) scores.push_back(sample.reward);
    const double count = static_cast<double>(std::max<size_t>(1, scores.size()));
    const auto stats = rewards_.combined.stats(scores);
    for (size_t i = 0; i < stats.size(); ++i) {
      const std::string prefix = cat("rewards/", rewards_.combined.name(i), "/");
      out_.rewards[prefix + "mean"] = stats[i].mean;
      if (format_ == i) out_.format = stats[i].mean;
      out_.rewards[prefix + "skip_ratio"] = static_cast<double>(stats[i].num_skip) / count;
      out_.rewards[prefix + "error_ratio"] = static_cast<double>(stats[i].num_error) / count;
      out_.rewards[prefix + "timeout_ratio"] = static_cast<double>(stats[i].num_timeout) / count;
      for (const auto& [name, value] : stats[i].metrics) out_.rewards[prefix + name] = value;
    }
  }

  const Rollout& rollout_;
  const RewardSet& rewards_;
  const EvalOptions& options_;
  std::optional<size_t> accuracy_, format_;
  std::vector<evaluation::PromptResult> results_;
  EvalResult out_;
};

}  // namespace

std::optional<size_t> find_accuracy(const std::vector<rewards::RewardConfig>& rewards, const std::string& name) {
  std::vector<std::string> names;
  for (size_t i = 0; i < rewards.size(); ++i) {
    names.push_back(rewards::log_name(rewards[i]));
    const bool is_it = name.empty() ? rewards[i].type == "accuracy" || rewards[i].type.starts_with("accuracy_") : names.back() == name;
    if (is_it) return i;
  }
  if (name.empty()) return std::nullopt;
  throw Error(cat("no reward is named \"", base::printable(name), "\""), "/eval/accuracy_reward", cat("use one of ", base::join(names, ", ")));
}

base::Json EvalResult::to_json() const {
  const auto if_known = [&](double value) { return accuracy_reward ? base::Json(value) : base::Json(); };
  base::Json json = {{"pass_at_1", if_known(pass_at_1)}, {"pass_at_k", if_known(pass_at_k)}, {"cons_at_k", if_known(cons_at_k)},
                     {"format", format ? base::Json(*format) : base::Json()}, {"mean_length", mean_length},       {"reflection", reflection},
                     {"truncated", truncated},           {"reward", reward},                 {"num_prompts", num_prompts},
                     {"num_samples", num_samples}};
  if (num_skipped_prompts > 0) json["num_skipped_prompts"] = num_skipped_prompts;
  if (const auto found = measures.by.find("difficulty"); found != measures.by.end())
    for (const auto& [difficulty, group] : found->second) json["pass_by_difficulty"][difficulty] = group.pass_at_1.value;
  json["accuracy_reward"] = accuracy_reward ? base::Json(*accuracy_reward) : base::Json();
  if (accuracy_reward) json.update(measures.to_json());
  for (const auto& [name, value] : rewards) json[name] = value;
  return json;
}

EvalResult evaluate(rollout::Engine& engine, const PromptSet& prompts, const RewardSet& rewards, const EvalOptions& options) {
  const uint64_t rows = prompts.size();
  const int64_t count = rows > 0 ? std::min<int64_t>(options.num_prompts, static_cast<int64_t>(rows)) : options.num_prompts;
  const auto rollout =
      run_rollout(engine, prompts, prompts.slice(0, count), options.num_samples, options.sampling, rewards, options.seed, options.draws);
  return Reader(rollout, rewards, options).read();
}

}  // namespace lockstep::rl
