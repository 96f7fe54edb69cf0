// SPDX-License-Identifier: Apache-2.0
// Drafts from the model's own multi-token prediction module (arXiv:2412.19437 section 2.2), drawn with the noise that the
// next positions will be drawn with.
#pragma once

#include <vector>

#include "model/transformer.h"
#include "rollout/drafter.h"
#include "rollout/row_sampler.h"

namespace lockstep::rollout {

// The module sees the pairs (hidden state of position j - 1, token j), and keeps its keys in the cache's last layer. While
// drafting is off its states are not computed; when it is on again they begin anew from there (MtpRange).
class MtpDrafter final : public Drafter {
 public:
  // `num_tokens` drafts a step: beyond the first the module is fed with its own states.
  MtpDrafter(const model::Transformer& model,
             model::KvCache& cache,
             Scheduler& scheduler,
             const SamplingConfig& sampling,
             int64_t num_tokens);
  void propose(const Step& step, const Tensor& hidden) override;
  void skip(const Step& step) override;
  void finish(const PromptGroup&, const Sample&) override {}

 private:
  // Pairs [begin, end) of a sequence: `row` of the states belongs to the first, the others follow it.
  struct Work {
    Sequence* sequence;
    int64_t begin, end, row;
    bool starts_after_prompt;  // the first pair's state is the group's last_hidden
    bool drafts;
  };
  void add_work(const Chunk& chunk, int64_t row);
  Tensor states_of(const Tensor& hidden) const;
  void draft(const Tensor& first_states);

  const model::Transformer& model_;
  model::KvCache& cache_;
  Scheduler& scheduler_;
  RowSampler sampler_;
  int64_t num_tokens_;
  std::vector<Work> work_;
  std::vector<DrawQuery> queries_;
};

}  // namespace lockstep::rollout
