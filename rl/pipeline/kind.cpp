// SPDX-License-Identifier: Apache-2.0
// The table of kinds.
#include "rl/pipeline/kind.h"

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl::pipeline {

const Kind& find_kind(const Kinds& kinds, const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const auto& kind : kinds) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  throw Error(cat("unknown kind of stage \"", name, "\""), where, cat("use one of ", base::join(names, ", ")));
}

std::string kinds_reference(const Kinds& kinds) {
  std::string out;
  for (const auto& kind : kinds)
    out += cat(out.empty() ? "" : "\n", kind.name, ": ", kind.meaning, "; leaves ", base::join(kind.outputs, ", "), "\n", kind.reference());
  return out;
}

}  // namespace lockstep::rl::pipeline
