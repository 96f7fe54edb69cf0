// SPDX-License-Identifier: Apache-2.0
// stage.json of a stage's folder: what it was told, what it worked on and what it made, with checksums.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace lockstep::rl::pipeline {

struct OutputFile {
  std::string name;  // below the stage's folder
  uint64_t bytes = 0;
  std::string sha256;
};

struct StageRecord {
  std::string kind;
  base::Json config;                          // references as written
  std::map<std::string, std::string> inputs;  // stage -> the digest of what it had made
  bool is_done = false;
  std::vector<OutputFile> outputs;  // of a stage that is done
  double seconds = 0;               // over all starts

  // SHA-256 over names and checksums of the outputs.
  std::string digest() const;
};

// nullopt when the stage was never begun. Error when the file is none of ours.
std::optional<StageRecord> read_record(const std::string& folder);
void write_record(const std::string& folder, const StageRecord& record);

// The files at and below `names` in the folder, sorted by name, with checksums. Links are Errors: an artefact is what it holds.
std::vector<OutputFile> list_outputs(const std::string& folder, const std::vector<std::string>& names);

// Error when an output is missing or is no longer what the record says.
void check_outputs(const std::string& folder, const StageRecord& record);

// Error when a stage that was begun was told something else (naming the first field that differs), or worked on something else.
void check_same_work(const std::string& folder, const StageRecord& begun, const StageRecord& now);

}  // namespace lockstep::rl::pipeline
