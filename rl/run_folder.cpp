// SPDX-License-Identifier: Apache-2.0
// The run folder.
#include "rl/run_folder.h"

#include <filesystem>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_diff.h"
#include "base/text.h"

namespace lockstep::rl {
namespace {

// Without what changes no bit of a run: when it pauses, and who draws its completions.
base::Json without_conduct(base::Json config) {
  config.erase("max_steps");
  config.erase("workers");
  config.erase("ranks");
  return config;
}

// The stored config with today's defaults for fields that it does not know yet: a newer build resumes an older run.
base::Json read_stored(const std::string& file) {
  RunConfig config;
  try {
    base::load(base::parse_json_file(file), config);
  } catch (const Error& error) {
    throw Error(cat("the run folder's config is not one of this build: ", error.what_happened()), cat(file, error.where()),
                "resume with the build that began the run, or give the new run an output_dir of its own");
  }
  return base::dump(config);
}

}  // namespace

RunFolder::RunFolder(const RunConfig& config, bool is_writer) : path_(config.output_dir), is_writer_(is_writer) {
  if (!is_writer_) return;
  base::make_folders(completions());
  for (const auto& folder : {path_, completions(), file("tokenizer")}) base::remove_unfinished(folder);  // of a killed run
  const std::string stored = file("config.json");
  const auto resolved = base::dump(config);
  if (std::filesystem::exists(stored)) {
    const auto path = base::first_difference(without_conduct(read_stored(stored)), without_conduct(resolved));
    if (!path.empty())
      throw Error("the run folder holds a run with another config", cat(stored, path),
                  "give the new run an output_dir of its own, or remove the old folder");
  }
  base::write_file_atomic(stored, resolved.dump(2) + "\n");
}

std::optional<base::Json> RunFolder::read_result(const std::string& name) const {
  if (!std::filesystem::exists(file(name))) return std::nullopt;
  return base::parse_json_file(file(name));
}

void RunFolder::write_result(const std::string& name, const base::Json& value) const {
  if (is_writer_) base::write_file_atomic(file(name), value.dump(2) + "\n");
}

}  // namespace lockstep::rl
