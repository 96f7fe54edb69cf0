// SPDX-License-Identifier: Apache-2.0
// Loading a pipeline.
#include "rl/pipeline/pipeline_config.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rl/pipeline/references.h"

namespace lockstep::rl::pipeline {
namespace {

bool is_plain_word(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// The stage's own config, then what holds for all of its kind, then its `set`; the pipeline's seed unless a `set` has one.
base::Json whole_config(const PipelineFile& file, const StageEntry& entry, const std::string& where) {
  base::Json config = entry.config.is_string() ? base::parse_json_file(entry.config.get<std::string>(), {.comments = true}) : entry.config;
  if (!config.is_object()) throw Error("the config is neither an object nor the path of a file that holds one", where + "/config", "write {...}");
  config["seed"] = file.seed;
  if (file.all.contains(entry.kind)) config.merge_patch(file.all.at(entry.kind));
  config.merge_patch(entry.set);
  return config;
}

std::vector<std::string> find_needs(const base::Json& config, const std::vector<Stage>& earlier, const std::string& where) {
  std::vector<std::string> needs;
  for_each_reference(config, where, [&](const Reference& reference, const std::string& place) {
    const bool is_known = std::any_of(earlier.begin(), earlier.end(), [&](const Stage& s) { return s.name == reference.stage; });
    if (!is_known) {
      std::vector<std::string> names;
      for (const auto& stage : earlier) names.push_back(stage.name);
      throw Error(cat("\"@", reference.stage, "\" is no stage before this one"), place,
                  cat("name one of: ", names.empty() ? "(none)" : base::join(names, ", "), "; a text that begins with @ is written @@"));
    }
    if (std::find(needs.begin(), needs.end(), reference.stage) == needs.end()) needs.push_back(reference.stage);
  });
  return needs;
}

}  // namespace

bool is_pipeline(const std::string& file) {
  const auto json = base::parse_json_file(file, {.comments = true});
  return json.is_object() && json.contains("stages");
}

Pipeline load_pipeline(const std::string& path, const std::vector<std::string>& assignments) {
  auto json = base::parse_json_file(path, {.comments = true});
  for (const auto& assignment : assignments) base::apply_set(json, assignment);
  PipelineFile file;
  base::load(json, file);
  if (!file.stages.is_object() || file.stages.empty()) throw Error("the pipeline has no stage", "/stages", "add {\"NAME\": {\"kind\": ..., \"config\": ...}}");
  Pipeline out{file.output_dir, file.seed, {}};
  for (const auto& [name, value] : file.stages.items()) {
    const std::string where = cat("/stages/", name);
    if (!is_plain_word(name))
      throw Error(cat("a stage cannot be called \"", name, "\""), where, "use letters, digits, _ and -, at most 64; it names a folder");
    StageEntry entry;
    base::load(value, entry, where);
    const auto config = whole_config(file, entry, where);
    out.stages.push_back({name, entry.kind, config, find_needs(config, out.stages, where)});
  }
  return out;
}

}  // namespace lockstep::rl::pipeline
