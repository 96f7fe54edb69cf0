// SPDX-License-Identifier: Apache-2.0
// "@NAME" and "@NAME/FILE" in a stage's config: which artefact of which stage is meant.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"

namespace lockstep::rl::pipeline {

struct Reference {
  std::string stage;
  std::string file;  // below the stage's folder; empty: its artefact
};

// Calls `visit` for every reference in the config, with the JSON path at which it stands.
void for_each_reference(const base::Json& config, const std::string& path,
                        const std::function<void(const Reference& reference, const std::string& where)>& visit);

// The config with each reference replaced by what `resolve` makes of it, and "@@..." by "@...".
base::Json replace_references(const base::Json& config, const std::function<std::string(const Reference&)>& resolve);

}  // namespace lockstep::rl::pipeline
