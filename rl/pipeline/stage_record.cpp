// SPDX-License-Identifier: Apache-2.0
// Records of stages.
#include "rl/pipeline/stage_record.h"

#include <algorithm>
#include <filesystem>

#include "base/config.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_diff.h"
#include "base/text.h"

namespace lockstep::rl::pipeline {
namespace {

namespace fs = std::filesystem;

struct OutputFileConfig {
  std::string name, sha256;
  uint64_t bytes = 0;
  void visit(auto&& field) {
    field("name", name, "below the stage's folder");
    field("bytes", bytes, "size");
    field("sha256", sha256, "of the content");
  }
};

struct RecordConfig {
  std::string kind;
  base::Json config = base::Json::object();
  std::map<std::string, std::string> inputs;
  bool is_done = false;
  std::vector<OutputFileConfig> outputs;
  double seconds = 0;
  void visit(auto&& field) {
    field("kind", kind, "kind of the stage");
    field("config", config, "its config");
    field("inputs", inputs, "stage -> digest of its outputs");
    field("is_done", is_done, "all outputs are there");
    field("outputs", outputs, "files");
    field("seconds", seconds, "over all starts");
  }
};

std::string record_path(const std::string& folder) { return folder + "/stage.json"; }

std::string how_to_redo(const std::string& folder) {
  return cat("remove ", folder, " to run the stage anew, or give the pipeline an output_dir of its own");
}

void add_file(std::vector<OutputFile>& out, const fs::path& root, const fs::path& file) {
  if (fs::is_symlink(file)) throw Error("a link among the outputs of a stage", file.string(), "copy the file itself");
  out.push_back({fs::relative(file, root).generic_string(), fs::file_size(file), base::sha256_file(file.string())});
}

}  // namespace

std::string StageRecord::digest() const {
  std::string text;
  for (const auto& file : outputs) text += cat(file.name, "\n", file.sha256, "\n");
  return base::sha256_hex(text);
}

std::optional<StageRecord> read_record(const std::string& folder) {
  const std::string path = record_path(folder);
  if (!fs::exists(path)) return std::nullopt;
  RecordConfig config;
  try {
    base::load(base::parse_json_file(path), config);
  } catch (const Error& error) {
    throw Error(cat("no record of a stage: ", error.what_happened()), path, how_to_redo(folder));
  }
  StageRecord out{config.kind, config.config, config.inputs, config.is_done, {}, config.seconds};
  for (const auto& file : config.outputs) out.outputs.push_back({file.name, file.bytes, file.sha256});
  return out;
}

void write_record(const std::string& folder, const StageRecord& record) {
  RecordConfig config;
  config.kind = record.kind;
  config.config = record.config;
  config.inputs = record.inputs;
  config.is_done = record.is_done;
  for (const auto& file : record.outputs) config.outputs.push_back({file.name, file.sha256, file.bytes});
  config.seconds = record.seconds;
  base::write_file_atomic(record_path(folder), base::dump(config).dump(2) + "\n");
}

std::vector<OutputFile> list_outputs(const std::string& folder, const std::vector<std::string>& names) {
  std::vector<OutputFile> out;
  const fs::path root(folder);
  for (const auto& name : names) {
    const fs::path path = root / name;
    const auto status = fs::symlink_status(path);
    if (!fs::exists(status)) continue;
    if (!fs::is_directory(status)) {
      add_file(out, root, path);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.is_symlink() || !entry.is_directory()) add_file(out, root, entry.path());
  }
  std::sort(out.begin(), out.end(), [](const OutputFile& a, const OutputFile& b) { return a.name < b.name; });
  return out;
}

void check_outputs(const std::string& folder, const StageRecord& record) {
  for (const auto& file : record.outputs) {
    const std::string path = cat(folder, "/", file.name);
    if (!fs::exists(path)) throw Error("an output of a finished stage is gone", path, how_to_redo(folder));
    if (fs::file_size(path) != file.bytes || base::sha256_file(path) != file.sha256)
      throw Error("an output of a finished stage was changed", path, how_to_redo(folder));
  }
}

void check_same_work(const std::string& folder, const StageRecord& begun, const StageRecord& now) {
  if (begun.kind != now.kind) throw Error(cat("the stage was begun as \"", begun.kind, "\" and is \"", now.kind, "\" now"), record_path(folder), how_to_redo(folder));
  if (const auto path = base::first_difference(begun.config, now.config); !path.empty())
    throw Error("the stage was begun with another config", cat(record_path(folder), " /config", path), how_to_redo(folder));
  for (const auto& [stage, digest] : now.inputs)
    if (begun.inputs.count(stage) == 0 || begun.inputs.at(stage) != digest)
      throw Error(cat("the stage was begun on another result of \"", stage, "\""), record_path(folder), how_to_redo(folder));
}

}  // namespace lockstep::rl::pipeline
