// SPDX-License-Identifier: Apache-2.0
// Checkpoints that are there as a whole or not at all: written aside, checksummed, fsynced, renamed; found by verifying.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/json.h"
#include "model/checkpoint_io.h"
#include "rl/manifest.h"

namespace lockstep::rl {

// Writes one checkpoint: DIR/step_N.tmp-ID/ receives the files, each fsynced and checksummed; commit() adds manifest.json
// last, renames the folder to DIR/step_N and fsyncs DIR. A crash at any point leaves the earlier checkpoints as they
// were. Every failure (disk full, read-only, ...) is an Error that names path and errno; the destructor removes what was
// not committed.
class CheckpointWriter {
 public:
  CheckpointWriter(std::string dir, int64_t step);  // makes DIR if need be
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  void write_tensors(const std::string& name,
                     const std::vector<model::NamedTensor>& tensors,
                     const std::map<std::string, std::string>& metadata = {});
  void write_json(const std::string& name, const base::Json& json);

  // For files that something else writes (a tokenizer): write to path(name), then add(name), which fsyncs it.
  std::string path(const std::string& name) const;
  void add(const std::string& name);

  // Returns the path of DIR/step_N. A checkpoint of the same step that is already there is replaced in one atomic exchange.
  std::string commit(const base::Json& info);

 private:
  std::string dir_, folder_;  // folder_: the temporary one
  Manifest manifest_;
  bool is_committed_ = false;
};

struct Checkpoint {
  std::string path;
  Manifest manifest;
  int64_t step() const { return manifest.step; }
  bool has(const std::string& name) const;
  std::string file(const std::string& name) const;  // its path; Error when the manifest does not list it
};

// Opens DIR/step_N after checking the manifest, and the size and SHA-256 of every file in it. Error on the first that fails.
Checkpoint verify_checkpoint(const std::string& path);

struct BrokenCheckpoint {
  std::string path, reason;  // reason: the Error's text
};
struct LatestCheckpoint {
  std::optional<Checkpoint> checkpoint;  // the highest step whose folder verifies
  std::vector<BrokenCheckpoint> broken;  // folders with a higher step, highest first
};
// "Latest" is derived, there is no pointer file that could tear. Only reads. A folder that does not exist holds none.
LatestCheckpoint find_latest(const std::string& dir);

// Removes the step_N.tmp-* folders that killed runs left behind; returns their paths. For the one process that owns DIR.
std::vector<std::string> remove_stale(const std::string& dir);

struct RetentionConfig {
  int64_t keep_last = 3;
  int64_t keep_every = 0;

  void visit(auto&& field) {
    field("keep_last", keep_last, "how many of the newest checkpoints stay", at_least(1));
    field("keep_every", keep_every, "checkpoints whose step is a multiple of this stay for ever; 0 = none",
          at_least(0));
  }
};
// Removes the checkpoints that neither rule keeps; returns their paths. Verifies the newest one first and removes nothing
// if it is broken: what goes may be all that is left.
std::vector<std::string> apply_retention(const std::string& dir, const RetentionConfig& config);

}  // namespace lockstep::rl
