// SPDX-License-Identifier: Apache-2.0
// Admission, growth, preemption and the choice of the tokens of a step.
#include "rollout/scheduler.h"

#include <algorithm>

#include "base/error.h"

namespace lockstep::rollout {
namespace {

// Positions that the cache ever holds of a sample: nothing is computed from the last token that is drawn.
int64_t most_positions(const PromptGroup& group) { return group.prompt_length() + group.max_new_tokens - 1; }

}  // namespace

int64_t pages_alone(int64_t page_size, int64_t prompt_length, int64_t max_new_tokens) {
  const int64_t prompt_pages = (prompt_length + page_size - 1) / page_size;
  if (max_new_tokens < 2) return prompt_pages;
  return prompt_pages + pages_beside_prefix(page_size, prompt_length, prompt_length + max_new_tokens - 1);
}

Scheduler::Scheduler(const SchedulerLimits& limits, std::vector<PromptGroup>& groups, uint64_t weight_version)
    : limits_(limits), groups_(groups), pool_(limits.num_pages, limits.page_size, weight_version) {
  for (auto& group : groups_) {
    LOCKSTEP_CHECK(pages_alone(limits.page_size, group.prompt_length(), group.max_new_tokens) <= limits.num_pages,
                   "every group fits the cache alone");
    group.num_unfinished = static_cast<int>(group.samples.size());
    waiting_prompts_.push_back(&group);
  }
}

bool Scheduler::next(Step& step) {
  step.copies.from.clear();
  step.copies.to.clear();
  step.chunks.clear();
  if (running_.empty() && waiting_samples_.empty() && waiting_prompts_.empty()) return false;
  // Growth frees pages and admission only takes them: a page that is copied to or from is not given away in this step.
  grow();
  admit(step.copies);
  choose_chunks(step.chunks);
  LOCKSTEP_CHECK(!step.chunks.empty(), "a step computes at least one token");
  return true;
}

void Scheduler::grow() {
  for (size_t i = 0; i < running_.size(); ++i) {
    Sequence* sequence = running_[i].get();
    while (i < running_.size() && !extend(pool_, sequence->cache, sequence->num_tokens()))
      if (!drop_idle_prompt(nullptr)) preempt_youngest();  // which may be this sequence
  }
}

// Prompts that no running sample started from are dropped youngest first.
bool Scheduler::drop_idle_prompt(const PromptGroup* except) {
  for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
    if (!group->is_held() || group->num_running > 0 || &*group == except) continue;
    release(pool_, group->held);
    return true;
  }
  return false;
}

void Scheduler::preempt_youngest() {
  LOCKSTEP_CHECK(running_.size() > 1, "a sequence alone fits the cache");
  Sequence& sequence = *running_.back();
  release(pool_, sequence.cache);
  if (sequence.sample) {
    --sequence.group->num_running;
    waiting_samples_.push_front({sequence.group, sequence.sample});
  } else {
    sequence.group->is_prefilling = false;
    if (!sequence.group->has_first_tokens) waiting_prompts_.push_front(sequence.group);
  }
  running_.pop_back();
  ++num_preempted_;
}

void Scheduler::admit(RowCopies& copies) {
  while (static_cast<int64_t>(running_.size()) < limits_.max_num_seqs) {
    if (!waiting_samples_.empty()) {
      if (!admit_sample(copies)) return;
    } else {
      if (waiting_prompts_.empty() || slots_promised() >= limits_.max_num_seqs) return;
      if (!admit_prompt(*waiting_prompts_.front())) return;
      waiting_prompts_.pop_front();
    }
  }
}

bool Scheduler::admit_sample(RowCopies& copies) {
  const auto [group, sample] = waiting_samples_.front();
  if (!group->is_held()) {  // it was dropped: compute the prompt again first
    if (!group->is_prefilling) admit_prompt(*group);
    return false;
  }
  Sequence sequence{group, sample, {}, group->prompt_length()};
  const int64_t own = pages_beside_prefix(pool_.page_size(), group->prompt_length(), sequence.num_tokens());
  if (!has_pages(own, group)) return false;
  sequence.cache = *fork(pool_, group->held, sequence.num_tokens(), copies);
  running_.push_back(std::make_unique<Sequence>(std::move(sequence)));
  waiting_samples_.pop_front();
  ++group->num_running;
  return true;
}

bool Scheduler::admit_prompt(PromptGroup& group) {
  auto sequence = std::make_unique<Sequence>(Sequence{&group, nullptr, {}, 0});
  if (!has_pages(pages_missing(pool_, sequence->cache, group.prompt_length()), nullptr)) return false;
  extend(pool_, sequence->cache, group.prompt_length());
  running_.push_back(std::move(sequence));
  group.is_prefilling = true;
  return true;
}

// Leaves room for the next page of every running sample, so that a newcomer is not dropped again at once.
bool Scheduler::has_pages(int64_t num_pages, const PromptGroup* except) {
  if (!running_.empty()) return pool_.num_free() >= num_pages + pages_wanted_soon();
  while (pool_.num_free() < num_pages && drop_idle_prompt(except)) {
  }
  return pool_.num_free() >= num_pages;
}

int64_t Scheduler::slots_promised() const {
  int64_t slots = 0;
  for (const auto& sequence : running_)
    slots += sequence->sample || sequence->group->has_first_tokens ? 1 : sequence->group->num_unfinished;
  return slots;
}

int64_t Scheduler::pages_wanted_soon() const {
  return std::count_if(running_.begin(), running_.end(), [&](const auto& sequence) {
    return sequence->sample && pages_missing(pool_, sequence->cache, most_positions(*sequence->group)) > 0;
  });
}

// Sequences that go on by one token come first: a long prompt may delay itself, not them. Drafts get what is left.
void Scheduler::choose_chunks(std::vector<Chunk>& chunks) {
  int64_t budget = limits_.max_num_batched_tokens;
  for (const bool is_decode : {true, false})
    for (const auto& sequence : running_) {
      const int64_t pending = sequence->num_tokens() - sequence->num_computed;
      if (budget == 0) break;
      if ((pending == 1) != is_decode) continue;
      const int64_t count = std::min(pending, budget);
      const bool is_new = sequence->sample || !sequence->group->has_first_tokens;
      chunks.push_back({sequence.get(), sequence->num_computed, count, count == pending && is_new});
      budget -= count;
    }
  for (Chunk& chunk : chunks) budget -= add_drafts(chunk, budget);
}

// Drafts beyond the last token that can be drawn, the budget or the free pages are forgotten.
int64_t Scheduler::add_drafts(Chunk& chunk, int64_t budget) {
  Sequence& sequence = *chunk.sequence;
  if (!sequence.sample) return 0;
  auto& drafts = sequence.sample->drafts;
  const int64_t room = std::min(budget, most_positions(*sequence.group) - sequence.num_tokens());
  int64_t count = chunk.draws ? std::clamp<int64_t>(static_cast<int64_t>(drafts.size()), 0, std::max<int64_t>(0, room)) : 0;
  while (count > 0 && !reserve(sequence, sequence.num_tokens() + count)) --count;
  drafts.resize(static_cast<size_t>(count));
  chunk.num_drafts = count;
  chunk.count += count;
  return count;
}

void Scheduler::settle(const Step& step) {
  for (const Chunk& chunk : step.chunks) {
    Sequence& sequence = *chunk.sequence;
    if (sequence.sample && sequence.sample->is_finished) {
      settle_sample(sequence);
      continue;
    }
    // Of drafts, those were computed for good that were drawn: all but the last token that was.
    sequence.num_computed = sequence.sample && chunk.draws ? sequence.num_tokens() - 1 : sequence.num_computed + chunk.count;
    if (!sequence.sample && sequence.num_computed == sequence.num_tokens()) {
      settle_prompt(sequence, chunk.draws);
    }
  }
  std::erase_if(running_, [](const auto& sequence) { return sequence->cache.rows.empty(); });
}

void Scheduler::settle_prompt(Sequence& sequence, bool has_drawn) {
  PromptGroup& group = *sequence.group;
  group.held = std::move(sequence.cache);
  sequence.cache = {};
  group.is_prefilling = false;
  if (!has_drawn) return;  // its samples are waiting already
  group.has_first_tokens = true;
  for (Sample& sample : group.samples) {
    if (sample.is_finished)
      finish_sample(group);
    else
      waiting_samples_.push_back({&group, &sample});
  }
}

void Scheduler::settle_sample(Sequence& sequence) {
  release(pool_, sequence.cache);
  --sequence.group->num_running;
  finish_sample(*sequence.group);
}

void Scheduler::finish_sample(PromptGroup& group) {
  if (--group.num_unfinished == 0) release(pool_, group.held);
}

}  // namespace lockstep::rollout
