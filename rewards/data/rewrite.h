// SPDX-License-Identifier: Apache-2.0
// `lockstep data rewrite`: sampled rows in the pattern of cold-start data.
#pragma once

#include <string>
#include <vector>

#include "rewards/data/drop_counts.h"
#include "rewards/data/rewrite_config.h"
#include "rewards/data/rewrite_parts.h"
#include "rewards/data/text_generator.h"

namespace lockstep::rewards::data {

struct RewriteReport {
  size_t rows_in = 0, rows_out = 0;
  size_t num_asked = 0;  // rows that a model was asked about
  DropCounts drops{drop::all()};

  base::Json json() const;
  std::string text() const;
};

// Writes the rows whose completion can be rewritten, in order and in their shape (question: trl), with all other columns but drop_columns. Reads
// once, 256 rows at a time. With method "model", `model` is asked, its prompts 256 at most at a time. Error: what RewriteRules and
// ChatClient refuse; method model without one; no rows; a row without a completion; with on_failure "fail" a row for which
// there is no text. After an Error nothing is written.
RewriteReport rewrite(const std::vector<std::string>& inputs, const std::string& output, const RewriteConfig& config,
                      const TextModel& model = {});

}  // namespace lockstep::rewards::data
