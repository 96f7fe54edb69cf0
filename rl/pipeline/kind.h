// SPDX-License-Identifier: Apache-2.0
// What a stage of a pipeline can do: the seam between the graph, which knows no tensors, and the work.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"

namespace lockstep::rl::pipeline {

enum class WorkEnd {
  done,
  stopped,  // a signal asked for it; the same call goes on later
};

struct Kind {
  std::string name, meaning;
  // Below the stage's folder: the first is the artefact that "@NAME" means, the others may be missing.
  std::vector<std::string> outputs;
  // Of its config, for `lockstep config`.
  std::function<std::string()> reference;
  // Error (where: `path` and below) when the config is wrong, without opening anything that it names: earlier stages may not have run.
  std::function<void(const base::Json& config, const std::string& path)> check;
  // Does the work in `folder`, which is there. After a crash or a stop it is called again, and what it then leaves is the same bits.
  std::function<WorkEnd(const base::Json& config, const std::string& folder)> run;
};

using Kinds = std::vector<Kind>;

// Error at `where` when there is none, naming those that are.
const Kind& find_kind(const Kinds& kinds, const std::string& name, const std::string& where);

// One paragraph a kind: meaning, outputs, fields.
std::string kinds_reference(const Kinds& kinds);

}  // namespace lockstep::rl::pipeline
