// SPDX-License-Identifier: Apache-2.0
// The config of the end-to-end tests' run, in a folder of its own and with changes.
#pragma once

#include <string>
#include <vector>

#include "rl/run_config.h"

namespace lockstep::test {

// tests/e2e/tiny_run.json with a tokenizer from few documents.
inline rl::RunConfig tiny_run(const std::string& folder, std::vector<std::string> assignments = {}) {
  assignments.insert(assignments.begin(), {"output_dir=" + folder, "model.tokenizer.num_documents=100"});
  return rl::load_run_config(std::string(LOCKSTEP_SOURCE_DIR) + "/tests/e2e/tiny_run.json", assignments);
}

}  // namespace lockstep::test
