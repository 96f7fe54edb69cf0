// SPDX-License-Identifier: Apache-2.0
// Pairs of completions of one prompt, the first preferred to the second: a pure function from an index to token ids.
#pragma once

#include <cstdint>
#include <vector>

#include "model/chat_template.h"
#include "rewards/dataset.h"
#include "rl/dpo_config.h"

namespace lockstep::rl {

struct PreferencePair {
  std::vector<model::TokenId> prompt, chosen, rejected;
};

class PreferenceRows {
 public:
  // Error (file:line): a row without prompt, chosen and rejected, or with both the same; no rows at all.
  PreferenceRows(const PreferenceSource& source, const model::Tokenizer& tokenizer, const model::PromptFormat& format, uint64_t seed);
  // Pair `index` of an endless stream: epoch after epoch, each in an order of its own.
  const PreferencePair& pair(uint64_t index);
  uint64_t pairs_per_epoch() const { return pairs_.size(); }

 private:
  std::vector<PreferencePair> pairs_;
  rewards::RowOrder order_;
};

}  // namespace lockstep::rl
