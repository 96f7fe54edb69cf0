// SPDX-License-Identifier: Apache-2.0
// For `lockstep data stats --model`: how long prompts and completions are in a model's tokens.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/chat_template.h"
#include "rewards/data/stats.h"

namespace lockstep::rl {

struct TokenStats {
  std::map<std::string, rewards::data::LengthSummary> lengths = {};  // "prompt tokens", "completion tokens", "document tokens", "row tokens"
  size_t num_rows = 0;     // measured; of a packed row each sequence
  int64_t max_length = 0;  // 0: none was given
  size_t num_above = 0;    // rows whose prompt and completion together are longer
  size_t num_refused = 0;  // rows that have no tokens: the format has no place for them, or their ids are not this model's
  std::string refusal;     // of the first of them: what and where

  base::Json json() const;
  std::string text() const;  // without the lengths, which go into the table of the others
};

// A prompt as a rollout gets it, under the format; a completion with its turn's end; a document with eos. Rows of no known shape do
// not count. 12 bytes of memory a row.
TokenStats token_stats(const std::vector<std::string>& files, const model::Tokenizer& tokenizer, const model::PromptFormat& format, int64_t max_length);

}  // namespace lockstep::rl
