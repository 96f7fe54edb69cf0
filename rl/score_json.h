// SPDX-License-Identifier: Apache-2.0
// Scores as rows of a file have them.
#pragma once

#include "base/json.h"
#include "rewards/combined.h"

namespace lockstep::rl {

// Name of each reward -> its value, or the name of its status where it is not ok.
inline base::Json score_json(const rewards::Combined& rewards, const rewards::CombinedScore& score) {
  base::Json out = base::Json::object();
  for (size_t i = 0; i < score.parts.size(); ++i) {
    const auto& part = score.parts[i];
    out[rewards.name(i)] = part.status == rewards::Status::ok ? base::Json(part.value) : base::Json(rewards::status_name(part.status));
  }
  return out;
}

}  // namespace lockstep::rl
