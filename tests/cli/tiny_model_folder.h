// SPDX-License-Identifier: Apache-2.0
// A tiny random model with a tokenizer, as a folder that the verbs open.
#pragma once

#include <string>
#include <vector>

#include "rl/policy.h"
#include "tests/support/run_lockstep.h"

namespace lockstep::test {

// The model of the end-to-end tests' run before any training. It exists until the test binary ends.
inline const std::string& tiny_model_folder() {
  static const ScratchFolder scratch;
  static const std::string folder = [] {
    const auto config = rl::load_run_config(std::string(LOCKSTEP_SOURCE_DIR) + "/tests/e2e/tiny_run.json", {"model.tokenizer.num_documents=100"});
    const auto policy = rl::make_policy(config, scratch.path("tokenizer"));
    const auto& m = policy.transformer;
    model::save_model_folder(scratch.path("model"), m.config(), model::export_parameters(m.parameters()), policy.tokenizer.get());
    return scratch.path("model");
  }();
  return folder;
}

}  // namespace lockstep::test
