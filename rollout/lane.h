// SPDX-License-Identifier: Apache-2.0
// One lane of the engine: a batch with a cache of its own that one thread runs from its first prompt to its last token.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "model/transformer.h"
#include "rollout/draft_governor.h"
#include "rollout/drafter.h"
#include "rollout/engine.h"
#include "rollout/row_sampler.h"
#include "rollout/scheduler.h"

namespace lockstep::rollout {

enum class DraftKind { none, mtp, lookup };

struct Drafting {
  DraftKind kind = DraftKind::none;
  int64_t num_tokens = 0;  // drafts per sequence and step, at most
  bool is_forced = false;  // also where it does not pay
};

// What the lanes of one generate call have in common. All of it outlives the lane.
struct LaneContext {
  const model::Transformer& model;
  const PieceOf& piece_of;  // empty when there are no stop strings
  const SamplingConfig& sampling;
  const StopStrings& stop_strings;
  uint64_t weight_version;
  Drafting drafting;
  bool records_routing;
  // Ends the lane before its next forward pass; may be called at any time.
  std::function<bool()> must_stop;
  // Takes a finished completion: request, sample. Called once for each, from the lane's thread.
  std::function<void(size_t, int, Completion&&)> deliver;
};

class Lane {
 public:
  // `governor` outlives the lane and is its alone while it runs.
  Lane(const LaneContext& context,
       const SchedulerLimits& limits,
       model::KvCache& cache,
       DraftGovernor& governor,
       std::vector<PromptGroup> groups);

  // Draws every sample. Error when logits are not finite. After must_stop the unfinished samples are delivered as aborted.
  void run();
  const EngineStats& stats() const { return stats_; }  // of this lane, without prompt_tokens and seconds

 private:
  // A row of the hidden states that a sample draws from. A row behind a draft counts only if the draft was drawn: then the
  // sample has `num_drawn` tokens by then, the last of which is the draft.
  struct Drawer {
    PromptGroup* group;
    Sample* sample;
    int64_t place;     // row of the step
    size_t num_drawn;
    TokenId draft;     // -1: behind no draft
  };

  model::Batch make_batch(const Step& step);
  void compute(const Step& step);
  void draw(const Step& step, const Tensor& hidden);
  void add_drawers(const Chunk& chunk, int64_t num_drafts, int64_t place);
  void take(const Drawer& drawer, const std::optional<Draw>& drawn);
  void record_routing(Completion& completion, int64_t place) const;
  bool ends(const PromptGroup& group, Sample& sample, TokenId id) const;
  void guess(const Step& step, const Tensor& hidden);
  void sum_expert_load();
  void abort();

  const LaneContext& context_;
  model::KvCache& cache_;
  DraftGovernor& governor_;
  std::vector<PromptGroup> groups_;
  Scheduler scheduler_;
  RowSampler sampler_;
  std::unique_ptr<Drafter> drafter_;  // null: no drafts
  bool has_guessed_ = false;          // after the last step
  model::RoutingStats routing_;
  EngineStats stats_;
  std::vector<Drawer> drawers_;
  std::vector<DrawQuery> queries_;  // of the drawers
  std::vector<int64_t> rows_;       // of the step that are drawn from
};

}  // namespace lockstep::rollout
