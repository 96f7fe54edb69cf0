// SPDX-License-Identifier: Apache-2.0
// Rows into rows.
#include "rl/pipeline/data_kinds.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "rewards/data/decontaminate.h"
#include "rewards/data/dedup.h"
#include "rewards/data/filter.h"
#include "rewards/data/mix.h"
#include "rewards/data/pairs.h"
#include "rewards/tasks/task.h"
#include "rl/pipeline/kind_of.h"

namespace lockstep::rl::pipeline {
namespace {

const char* const kRows = "rows.jsonl";
const char* const kReport = "report.json";

struct TaskStage {
  std::string task, split = "train";
  base::Json task_parameters = base::Json::object();
  int64_t count = 1000;
  uint64_t seed = 0;
  void visit(auto&& field) {
    field("task", task, "a built-in task; see `lockstep data tasks`");
    field("task_parameters", task_parameters, "parameters of the task");
    field("split", split, "train and eval share no problem", base::one_of({"train", "eval"}));
    field("count", count, "rows", base::between(1, 10'000'000));
    field("seed", seed, "other seeds give other rows");
  }
};

struct FilterStage {
  std::vector<std::string> inputs;
  rewards::data::FilterConfig rules;
  uint64_t seed = 0;
  void visit(auto&& field) {
    field("inputs", inputs, "files of rows with completions");
    field("rules", rules, "what a row must be; `seed` is the stage's");
    field("seed", seed, "of random choices");
  }
};

struct DedupStage {
  std::vector<std::string> inputs;
  rewards::data::DedupOptions options;
  uint64_t seed = 0;
  void visit(auto&& field) {
    field("inputs", inputs, "files of rows");
    options.visit(field);
    field("seed", seed, "not used: the result depends on the rows alone");
  }
};

struct DecontaminateStage {
  std::vector<std::string> inputs, against;
  rewards::data::DecontaminateOptions options;
  uint64_t seed = 0;
  void visit(auto&& field) {
    field("inputs", inputs, "files of rows");
    field("against", against, "files of evaluation rows");
    options.visit(field);
    field("seed", seed, "not used: the result depends on the rows alone");
  }
};

struct PairsStage {
  std::vector<std::string> inputs;
  rewards::data::PairsOptions options;
  void visit(auto&& field) {
    field("inputs", inputs, "files of rows with completions and scores");
    options.visit(field);
  }
};

template <class C>
void need_inputs(const C& config, const std::string& path) {
  if (config.inputs.empty()) throw Error("no inputs", path + "/inputs", "name files of rows, or \"@STAGE\"");
}

template <class Report>
WorkEnd finish(const Report& report, const std::string& folder) {
  base::write_file_atomic(cat(folder, "/", kReport), report.json().dump(2) + "\n");
  base::log_info(report.text());
  return WorkEnd::done;
}

WorkEnd run_task(const TaskStage& config, const std::string& folder) {
  const rewards::Task task(config.task, config.task_parameters);
  rewards::write_task_jsonl(cat(folder, "/", kRows), task, config.seed, rewards::split_from_name(config.split), static_cast<uint64_t>(config.count));
  return WorkEnd::done;
}

WorkEnd run_filter(const FilterStage& config, const std::string& folder) {
  auto rules = config.rules;
  rules.seed = config.seed;
  return finish(rewards::data::filter(config.inputs, cat(folder, "/", kRows), rules, base::default_num_threads()), folder);
}

WorkEnd run_dedup(const DedupStage& config, const std::string& folder) {
  auto options = config.options;
  options.clusters.num_threads = base::default_num_threads();
  return finish(rewards::data::dedup(config.inputs, cat(folder, "/", kRows), options), folder);
}

WorkEnd run_decontaminate(const DecontaminateStage& config, const std::string& folder) {
  return finish(rewards::data::decontaminate(config.inputs, config.against, cat(folder, "/", kRows), config.options), folder);
}

WorkEnd run_mix(const rewards::data::MixConfig& config, const std::string& folder) {
  return finish(rewards::data::mix(config, cat(folder, "/", kRows)), folder);
}

WorkEnd run_pairs(const PairsStage& config, const std::string& folder) {
  return finish(rewards::data::make_pairs(config.inputs, cat(folder, "/", kRows), config.options), folder);
}

}  // namespace

Kinds data_kinds() {
  // A report names paths, which are no part of what was made.
  const std::vector<std::string> rows = {kRows};
  return {
      kind_of<TaskStage>("task", "rows of a verifiable task", {kRows}, run_task,
                         [](const TaskStage& config, const std::string&) { rewards::Task(config.task, config.task_parameters); }),
      kind_of<FilterStage>("filter", "the rows that the rules accept: correct, readable, one language", rows, run_filter, need_inputs<FilterStage>),
      kind_of<rewards::data::MixConfig>("mix", "several files of rows as one, in exact numbers and a keyed order", rows, run_mix,
                                        need_inputs<rewards::data::MixConfig>),
      kind_of<PairsStage>("pairs", "pairs of a preferred and a rejected completion, from scored rows", rows, run_pairs, need_inputs<PairsStage>),
      kind_of<DedupStage>("dedup", "rows without equal and near ones", rows, run_dedup, need_inputs<DedupStage>),
      kind_of<DecontaminateStage>("decontaminate", "rows that share no n-gram with evaluation sets", rows, run_decontaminate,
                                  [](const DecontaminateStage& config, const std::string& path) {
                                    need_inputs(config, path);
                                    if (config.against.empty()) throw Error("no evaluation sets", path + "/against", "name files of rows");
                                  }),
  };
}

}  // namespace lockstep::rl::pipeline
