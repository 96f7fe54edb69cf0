// SPDX-License-Identifier: Apache-2.0
// One lane of the engine: a batch with a cache of its own that one thread runs from its first prompt to its last token.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "model/tokenizer.h"
#include "model/transformer.h"
#include "rollout/engine.h"
#include "rollout/sampler.h"
#include "rollout/scheduler.h"

namespace lockstep::rollout {

// What the lanes of one generate call have in common. All of it outlives the lane.
struct LaneContext {
  const model::Transformer& model;
  const model::Tokenizer* tokenizer;  // null when there are no stop strings
  const SamplingConfig& sampling;
  const StopStrings& stop_strings;
  uint64_t weight_version;
  // Ends the lane before its next forward pass; may be called at any time.
  std::function<bool()> must_stop;
  // Takes a finished completion: request, sample. Called once for each, from the lane's thread.
  std::function<void(size_t, int, Completion&&)> deliver;
};

class Lane {
 public:
  Lane(const LaneContext& context,
       const SchedulerLimits& limits,
       model::KvCache& cache,
       std::vector<PromptGroup> groups);

  // Draws every sample. Error when logits are not finite. After must_stop the unfinished samples are delivered as aborted.
  void run();
  const EngineStats& stats() const { return stats_; }  // of this lane, without prompt_tokens and seconds

 private:
  model::Batch make_batch(const Step& step);
  void draw(const Step& step, const Tensor& hidden);
  void draw_rows(const Tensor& hidden);
  void take(PromptGroup& group, Sample& sample, const float* logits);
  bool ends(const PromptGroup& group, Sample& sample, TokenId id) const;
  void abort();

  // A sample that draws from row `row` of the hidden states.
  struct Drawer {
    PromptGroup* group;
    Sample* sample;
    int64_t row;
  };

  const LaneContext& context_;
  model::KvCache& cache_;
  std::vector<PromptGroup> groups_;
  Scheduler scheduler_;
  Sampler sampler_;
  EngineStats stats_;
  std::vector<Drawer> drawers_;
  std::vector<int64_t> rows_;
};

}  // namespace lockstep::rollout
