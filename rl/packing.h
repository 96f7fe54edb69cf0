// SPDX-License-Identifier: Apache-2.0
// Rows of training tokens cut into micro-batches: prompts computed once, the predicted tokens and where they come from.
#pragma once

#include <cstdint>
#include <vector>

#include "model/batch.h"

namespace lockstep::rl {

using model::TokenId;

// A completion of a prompt, both as ids. Rows of one group share `prompt_index`.
struct PackRow {
  const std::vector<TokenId>* prompt = nullptr;  // may be empty only for plain text rows
  const std::vector<TokenId>* completion = nullptr;
  int64_t prompt_index = 0;
  int64_t sample = 0;  // the caller's index of this row
};

struct MicroBatch {
  model::Batch batch;
  Tensor rows;                          // [T] i64: row of the batch whose hidden state predicts each target
  Tensor targets;                       // [T] i64
  std::vector<int64_t> samples;         // [S] the caller's indices, in order
  std::vector<int64_t> sample_offsets;  // [S + 1] into the T targets
  std::vector<int64_t> row_offsets;     // [S + 1] into the batch's rows, where no prompt is shared
  int64_t num_targets() const { return sample_offsets.back(); }
};

struct PackingOptions {
  int64_t max_tokens = 4096;  // tokens of a micro-batch, a quarter more at most; a longer row is one of its own
  int64_t multiple_of = 1;    // number of micro-batches is a multiple of this (the learner's shards), if rows suffice
  at::Device device = at::kCPU;
  bool keeps_prompts_together = false;  // neighbouring rows of one prompt come into one micro-batch
};

// Cuts `rows` in their order into micro-batches of about equal work. A prompt is computed once per micro-batch for all of
// its neighbouring rows, and nothing is computed behind a completion's last token. Completions must not be empty; a plain
// text row has an empty prompt and its first token is not predicted.
std::vector<MicroBatch> pack(const std::vector<PackRow>& rows, const PackingOptions& options);

}  // namespace lockstep::rl
