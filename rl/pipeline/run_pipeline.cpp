// SPDX-License-Identifier: Apache-2.0
// The loop over the stages of a pipeline.
#include "rl/pipeline/run_pipeline.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder_lock.h"
#include "base/log.h"
#include "base/signal.h"
#include "base/text.h"
#include "rl/pipeline/references.h"
#include "rl/pipeline/stage_record.h"

namespace lockstep::rl::pipeline {
namespace {

constexpr size_t kDigits = 12;  // of a digest, for people

const Stage& find_stage(const Pipeline& pipeline, const std::string& name) {
  return *std::find_if(pipeline.stages.begin(), pipeline.stages.end(), [&](const Stage& s) { return s.name == name; });
}

// Is `file` one of the outputs, or below one?
bool is_output(const Kind& kind, const std::string& file) {
  return std::any_of(kind.outputs.begin(), kind.outputs.end(),
                     [&](const std::string& output) { return file == output || file.starts_with(output + "/"); });
}

base::Json resolved(const Pipeline& pipeline, const Kinds& kinds, const Stage& stage) {
  return replace_references(stage.config, [&](const Reference& reference) {
    const Kind& kind = find_kind(kinds, find_stage(pipeline, reference.stage).kind, "/stages/" + reference.stage);
    return cat(pipeline.folder(reference.stage), "/", reference.file.empty() ? kind.outputs.front() : reference.file);
  });
}

std::string state_of(const std::optional<StageRecord>& record) {
  if (!record) return "waits";
  if (!record->is_done) return "begun";
  return cat("done  ", record->digest().substr(0, kDigits), "  ", base::format_seconds(record->seconds));
}

// What the stage makes; false when it was stopped.
bool run_stage(const Pipeline& pipeline, const Kinds& kinds, const Stage& stage, StageRecord& record) {
  const Kind& kind = find_kind(kinds, stage.kind, cat("/stages/", stage.name, "/kind"));
  const std::string folder = pipeline.folder(stage.name);
  base::make_folders(folder);
  base::remove_unfinished(folder);  // of a start that was killed
  const double earlier = record.seconds;
  write_record(folder, record);
  const auto started = std::chrono::steady_clock::now();
  const WorkEnd end = kind.run(resolved(pipeline, kinds, stage), folder);
  base::set_log_file(pipeline.output_dir + "/log");  // a run has a log of its own
  record.seconds = earlier + std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (end == WorkEnd::done) {
    record.outputs = list_outputs(folder, kind.outputs);
    if (!std::filesystem::exists(cat(folder, "/", kind.outputs.front())))
      throw Error("the stage ended without what others would work on", cat(folder, "/", kind.outputs.front()), "look at the stage's log");
    record.is_done = true;
  }
  write_record(folder, record);
  return record.is_done;
}

}  // namespace

void check_pipeline(const Pipeline& pipeline, const Kinds& kinds) {
  for (const auto& stage : pipeline.stages) {
    const std::string where = "/stages/" + stage.name;
    const Kind& kind = find_kind(kinds, stage.kind, where + "/kind");
    for_each_reference(stage.config, where, [&](const Reference& reference, const std::string& place) {
      const Kind& made_by = find_kind(kinds, find_stage(pipeline, reference.stage).kind, place);
      if (!reference.file.empty() && !is_output(made_by, reference.file))
        throw Error(cat("\"", reference.file, "\" is nothing that a stage of kind ", made_by.name, " leaves"), place,
                    cat("use one of: ", base::join(made_by.outputs, ", ")));
    });
    kind.check(resolved(pipeline, kinds, stage), where);
  }
}

std::string describe(const Pipeline& pipeline, const Kinds& kinds) {
  size_t name_width = 0, kind_width = 0;
  for (const auto& stage : pipeline.stages) {
    name_width = std::max(name_width, stage.name.size());
    kind_width = std::max(kind_width, find_kind(kinds, stage.kind, "/stages/" + stage.name).name.size());
  }
  std::string out = cat("pipeline in ", pipeline.output_dir, ", seed ", pipeline.seed, "\n");
  for (size_t i = 0; i < pipeline.stages.size(); ++i) {
    const auto& stage = pipeline.stages[i];
    std::string line = cat(i < 9 ? " " : "", i + 1, "  ", stage.name, std::string(name_width + 2 - stage.name.size(), ' '), stage.kind,
                           std::string(kind_width + 2 - stage.kind.size(), ' '));
    line += cat(state_of(read_record(pipeline.folder(stage.name))), stage.needs.empty() ? "" : cat("  <- ", base::join(stage.needs, ", ")));
    out += line + "\n";
  }
  return out;
}

bool run_pipeline(const Pipeline& pipeline, const Kinds& kinds) {
  check_pipeline(pipeline, kinds);
  base::install_stop_signals();
  const auto lock = base::lock_folder(pipeline.output_dir);
  base::remove_unfinished(pipeline.output_dir);
  base::set_log_file(pipeline.output_dir + "/log");
  std::map<std::string, std::string> digests;
  for (size_t i = 0; i < pipeline.stages.size(); ++i) {
    const auto& stage = pipeline.stages[i];
    const std::string folder = pipeline.folder(stage.name), title = cat("stage ", i + 1, " of ", pipeline.stages.size(), ", ", stage.name);
    StageRecord record{stage.kind, stage.config, {}, false, {}, 0};
    for (const auto& need : stage.needs) record.inputs[need] = digests.at(need);
    const auto begun = read_record(folder);
    if (begun) {
      check_same_work(folder, *begun, record);
      record = *begun;
    }
    if (record.is_done) {
      check_outputs(folder, record);
      base::log_info(cat(title, ": ", state_of(record)));
    } else {
      base::log_info(cat(title, ": ", begun ? "goes on" : "begins"));
      if (!run_stage(pipeline, kinds, stage, record)) return false;
      base::log_info(cat(title, ": ", state_of(record)));
    }
    digests[stage.name] = record.digest();
    if (base::stop_requested() && i + 1 < pipeline.stages.size()) return false;
  }
  return true;
}

}  // namespace lockstep::rl::pipeline
