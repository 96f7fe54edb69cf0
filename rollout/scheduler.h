// SPDX-License-Identifier: Apache-2.0
// Continuous batching: which tokens of which sequences the next forward pass computes, and whose pages make room for them.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "rollout/pages.h"
#include "rollout/sequence.h"

namespace lockstep::rollout {

struct SchedulerLimits {
  int64_t max_num_seqs = 256, max_num_batched_tokens = 2048;
  int64_t num_pages = 0, page_size = 16;
};

// Tokens [begin, begin + count) of a sequence, the last `num_drafts` of them drafts.
struct Chunk {
  Sequence* sequence = nullptr;
  int64_t begin = 0, count = 0;
  bool draws = false;  // the last of them predicts a token that is to be drawn, and so does each one before a draft
  int64_t num_drafts = 0;
};

// One forward pass: `copies` first, then the chunks' tokens.
struct Step {
  RowCopies copies;
  std::vector<Chunk> chunks;
};

// Pages that a group needs when it has the cache for itself: its prompt, and one sample that starts from a copy of the
// prompt's partly filled last page. A lane with fewer pages could never finish it.
int64_t pages_alone(int64_t page_size, int64_t prompt_length, int64_t max_new_tokens);

// A lane's queue of groups, in order. A prompt is computed once (in chunks when it is long), then its samples start from
// its pages. Waiting samples go before waiting prompts, and both are taken up as soon as a slot and pages are free.
//
// Pages are given to samples as they grow. When none is left, first the prompts of groups without a running sample are
// dropped, then the youngest running sequence is: it waits at the head of the queue, and is computed again from its tokens
// later. The oldest running sequence is never dropped for another one, so every step brings the end nearer.
class Scheduler {
 public:
  // Groups must not move, and each must fit (pages_alone).
  Scheduler(const SchedulerLimits& limits, std::vector<PromptGroup>& groups, uint64_t weight_version);

  // Plans the next forward pass. False when every sample is finished.
  bool next(Step& step);
  // After the forward pass and the draws: prompts become startable samples, finished samples free their slots and pages.
  void settle(const Step& step);

  // Gives a running sequence rows for so many positions, from free pages only. False when there are too few.
  bool reserve(Sequence& sequence, int64_t num_positions) { return extend(pool_, sequence.cache, num_positions); }
  int64_t num_running() const { return static_cast<int64_t>(running_.size()); }

  int64_t num_preempted() const { return num_preempted_; }
  int64_t peak_rows() const { return pool_.peak_pages() * pool_.page_size(); }
  const PagePool& pool() const { return pool_; }

 private:
  struct Waiting {
    PromptGroup* group;
    Sample* sample;
  };
  void grow();
  bool drop_idle_prompt(const PromptGroup* except);
  void preempt_youngest();
  void admit(RowCopies& copies);
  bool admit_sample(RowCopies& copies);
  bool admit_prompt(PromptGroup& group);
  bool has_pages(int64_t num_pages, const PromptGroup* except);
  int64_t slots_promised() const;
  int64_t pages_wanted_soon() const;
  void choose_chunks(std::vector<Chunk>& chunks);
  int64_t add_drafts(Chunk& chunk, int64_t budget);
  void settle_prompt(Sequence& sequence, bool has_drawn);
  void settle_sample(Sequence& sequence);
  void finish_sample(PromptGroup& group);

  SchedulerLimits limits_;
  std::vector<PromptGroup>& groups_;
  PagePool pool_;
  std::vector<std::unique_ptr<Sequence>> running_;  // oldest first; bounded by max_num_seqs
  std::deque<Waiting> waiting_samples_;             // have a drawn token that is not computed yet
  std::deque<PromptGroup*> waiting_prompts_;
  int64_t num_preempted_ = 0;
};

}  // namespace lockstep::rollout
