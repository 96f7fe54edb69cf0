// SPDX-License-Identifier: Apache-2.0
// What a lane works on: prompts with their samples, and the sequences of them that lie in the cache.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/tensor.h"
#include "rollout/engine.h"
#include "rollout/pages.h"
#include "rollout/stop_strings.h"

namespace lockstep::rollout {

// One completion on its way.
struct Sample {
  int index = 0;  // in the request
  uint64_t noise_key = 0;
  Completion completion;
  StopStrings::State stop_state;
  bool is_finished = false;
  std::vector<TokenId> drafts = {};  // guesses at the next tokens, computed along with the last one that was drawn
};

// Positions whose states an MTP module has in the cache, without a gap: the state of the pair (hidden state of j - 1, token
// j) lies in the row of position j, the first one that a sample does not share with others.
struct MtpRange {
  int64_t begin = 0, end = 0;
};

// The samples of one request that a lane draws. After its prompt has been computed, `held` keeps the prompt's pages until
// the last sample is finished, so that samples can start, or start again, from them at any time.
struct PromptGroup {
  size_t request = 0;  // index in the list given to generate
  const std::vector<TokenId>* prompt = nullptr;
  const std::vector<TokenId>* stop_ids = nullptr;
  int64_t max_new_tokens = 0;
  std::vector<Sample> samples;
  SequenceRows held;
  int num_running = 0;     // samples in the cache
  int num_unfinished = 0;  // samples
  bool is_prefilling = false;
  bool has_first_tokens = false;  // every sample has drawn one
  MtpRange mtp = {};              // of the prompt
  Tensor last_hidden = {};        // [D] of the prompt's last position, if the MTP states of its samples are to go on from it

  bool is_held() const { return !held.rows.empty(); }
  int64_t prompt_length() const { return static_cast<int64_t>(prompt->size()); }
};

// Tokens in the cache, or on the way there: a prompt, or a prompt and what was drawn of a sample.
struct Sequence {
  PromptGroup* group = nullptr;
  Sample* sample = nullptr;  // null: the prompt alone
  SequenceRows cache;
  int64_t num_computed = 0;
  MtpRange mtp = {};

  int64_t num_tokens() const {
    return group->prompt_length() + (sample ? static_cast<int64_t>(sample->completion.ids.size()) : 0);
  }
  // Of the prompt, what was drawn after it, or a draft after that.
  TokenId token(int64_t position) const {
    if (position < group->prompt_length()) return (*group->prompt)[static_cast<size_t>(position)];
    if (position >= num_tokens()) return sample->drafts[static_cast<size_t>(position - num_tokens())];
    return sample->completion.ids[static_cast<size_t>(position - group->prompt_length())];
  }
};

}  // namespace lockstep::rollout
