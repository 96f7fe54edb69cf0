// SPDX-License-Identifier: Apache-2.0
// `lockstep reward test`: a file of samples scored and printed, without any model.
#pragma once

#include <iosfwd>
#include <string>

#include "rewards/combined.h"

namespace lockstep::rewards::tools {

// Scores the rows of `path` (sample_row.h) in order. Rows of one prompt that follow each other are one group.
// As a table: a line per row and a summary per reward. As JSON: one object per row on `out`,
//   {"row": 1, "status": "ok", "value": 1.0, "extracted": "42", "metrics": {}, "rewards": {"accuracy": {"status", "value",
//    "detail", "metrics"}}}
// where value is the weighted sum (null without one), extracted the answer of the first reward that found one, and metrics
// those of the only reward, or of all with its name in front; the summary goes to `summary`. Error (path:line) on a bad row.
void score_file(const Combined& rewards, const std::string& path, bool as_json, std::ostream& out, std::ostream& summary);

}  // namespace lockstep::rewards::tools
