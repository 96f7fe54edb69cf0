// SPDX-License-Identifier: Apache-2.0
// Drawing completions into a file.
#include "rl/pipeline/sample.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/jsonl.h"
#include "base/log.h"
#include "base/signal.h"
#include "base/text.h"
#include "rl/score_json.h"
#include "rl/scoring.h"

namespace lockstep::rl::pipeline {
namespace {

// Prompts whose completions are all in the file; rows behind them are dropped.
int64_t keep_whole_prompts(base::JsonlWriter& file, int num_generations) {
  int64_t num_rows = 0, kept = 0;
  base::for_each_line(file.path(), [&](std::string_view, size_t) { ++num_rows; });
  const int64_t num_whole = num_rows / num_generations;
  if (num_rows > num_whole * num_generations) file.truncate_after([&](const base::Json&) { return ++kept <= num_whole * num_generations; });
  return num_whole;
}

// A row that has a completion already is the prompt's: its own one goes.
base::Json row_of(const Prompt& prompt, size_t index, const std::string& text, const rollout::Completion& completion) {
  base::Json row = prompt.row;
  row["completion"] = base::repair_utf8(text);
  row["sample"] = index;
  row["num_tokens"] = completion.ids.size();
  row["finish_reason"] = rollout::finish_reason_name(completion.finish);
  return row;
}

void write_scored(base::JsonlWriter& file, const Rollout& rollout, const RewardSet& rewards) {
  for (size_t p = 0; p < rollout.groups.size(); ++p)
    for (size_t s = 0; s < rollout.groups[p].completions.size(); ++s) {
      const auto& sample = rollout.scores[p].samples[s];
      auto row = row_of(rollout.prompts[p], s, sample.text, rollout.groups[p].completions[s]);
      row["reward"] = sample.reward.status == rewards::Status::ok ? base::Json(sample.reward.value) : base::Json(nullptr);
      row["rewards"] = score_json(rewards.combined, sample.reward);
      file.write(row);
    }
}

void write_unscored(base::JsonlWriter& file, const PromptSet& set, const std::vector<Prompt>& prompts, const std::vector<rollout::Group>& groups) {
  for (size_t p = 0; p < groups.size(); ++p)
    for (size_t s = 0; s < groups[p].completions.size(); ++s) {
      const auto& completion = groups[p].completions[s];
      file.write(row_of(prompts[p], s, set.prefill() + set.tokenizer().decode(completion.ids, /*skip_special=*/true), completion));
    }
}

int64_t count_prompts(const SampleStage& config, const PromptSet& prompts) {
  const auto rows = static_cast<int64_t>(prompts.size());
  if (config.num_prompts == 0) return rows;
  return rows > 0 ? std::min(rows, config.num_prompts) : config.num_prompts;
}

}  // namespace

void check_sample(const SampleStage& config, const std::string& path) {
  if (config.model.path.empty()) throw Error("no model to draw from", path + "/model/path", "name a folder, or \"@STAGE\"");
  if (config.data.task.empty() && config.data.file.empty()) throw Error("no prompts are named", path + "/data", "set \"task\" or \"file\"");
  if (!config.data.task.empty() && config.num_prompts == 0)
    throw Error("a task has no end", path + "/num_prompts", "say how many prompts to draw for");
  if (!config.rewards.empty()) RewardSet(config.rewards, config.seed);
}

WorkEnd run_sample(const SampleStage& config, const std::string& folder) {
  if (std::filesystem::exists(folder + "/rows.jsonl")) return WorkEnd::done;  // a crash came between it and the stage's record
  OpenModel open(config.model);
  const PromptSet prompts(config.data, /*is_eval=*/false, config.prompt, *open.policy.tokenizer, config.seed);
  const auto rewards = config.rewards.empty() ? nullptr : std::make_unique<RewardSet>(config.rewards, config.seed);
  const std::string partial = folder + "/rows.partial.jsonl";
  base::JsonlWriter file(partial);
  const int64_t count = count_prompts(config, prompts);
  int64_t done = keep_whole_prompts(file, config.num_generations);
  base::Progress progress("sample", count, done);
  while (done < count) {
    const int64_t some = std::min<int64_t>(config.num_prompts_at_once, count - done);
    auto slice = prompts.slice(static_cast<uint64_t>(done), some);
    if (rewards) {
      write_scored(file, run_rollout(open.engine, prompts, std::move(slice), config.num_generations, config.sampling, *rewards, config.seed), *rewards);
    } else {
      const auto requests = to_requests(slice, config.num_generations, prompts);
      write_unscored(file, prompts, slice, open.engine.generate(requests, config.sampling, config.seed));
    }
    file.flush();
    done += some;
    progress.update(done);
    if (done < count && base::stop_requested()) return WorkEnd::stopped;
  }
  base::rename_path(partial, folder + "/rows.jsonl");
  return WorkEnd::done;
}

}  // namespace lockstep::rl::pipeline
