// SPDX-License-Identifier: Apache-2.0
// The folder of a run: resolved config, metrics, completions, checkpoints per stage, results.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "rl/run_config.h"

namespace lockstep::rl {

class RunFolder {
 public:
  // Creates the folder and writes config.json, or checks that the config.json already there is of the same run (only the
  // top-level max_steps, workers and ranks may differ); Error otherwise, naming the first key that differs.
  // Ranks other than the first are no writers: they check nothing and write nothing.
  explicit RunFolder(const RunConfig& config, bool is_writer = true);

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string completions() const { return path_ + "/completions"; }
  std::string checkpoints(const std::string& stage) const { return path_ + "/checkpoints/" + stage; }

  // Small results that must survive a restart, written atomically.
  std::optional<base::Json> read_result(const std::string& name) const;
  void write_result(const std::string& name, const base::Json& value) const;

 private:
  std::string path_;
  bool is_writer_;
};

}  // namespace lockstep::rl
