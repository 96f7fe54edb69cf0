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
  double margin = 0;  // by how much chosen is to win; 0 for policies
};

// What the pairs are for. A policy's are cut to max_length. A reward model scores the last token, which a cut would take away: rows
// above max_length are left out (as TRL's RewardTrainer does), and the column `margin` is read.
enum class PairsFor { policy, reward_model };

class PreferenceRows {
 public:
  // Error (file:line): a row without prompt, chosen and rejected, or with both the same, or with a margin that is no finite number;
  // no rows at all, or none of max_length.
  PreferenceRows(const PreferenceSource& source, const model::Tokenizer& tokenizer, const model::PromptFormat& format, uint64_t seed,
                 PairsFor use = PairsFor::policy);
  // Pair `index` of an endless stream: epoch after epoch, each in an order of its own.
  const PreferencePair& pair(uint64_t index);
  uint64_t pairs_per_epoch() const { return pairs_.size(); }
  const std::vector<PreferencePair>& pairs() const { return pairs_; }  // in the order of the files
  size_t num_too_long() const { return num_too_long_; }

 private:
  size_t num_too_long_ = 0;
  std::vector<PreferencePair> pairs_;
  rewards::RowOrder order_;
};

}  // namespace lockstep::rl
