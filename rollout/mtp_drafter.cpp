// SPDX-License-Identifier: Apache-2.0
// The module's pass over what a step computed, and the short passes over its own guesses.
#include "rollout/mtp_drafter.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>

#include "kernels/index_tensor.h"

namespace lockstep::rollout {
namespace {

using kernels::index_tensor;

// Pairs [begin, end) of a sequence as queries over the pairs from its range's begin on.
struct Pairs {
  const Sequence* sequence;
  int64_t begin, end;
};

// The pair of token j predicts from position j - 1 (as in the learner) and lies in the row of position j.
model::Batch batch_of(const std::vector<Pairs>& all, const at::Device& device) {
  std::vector<int64_t> ids, positions, rows;
  std::vector<kernels::AttentionSpan> spans;
  for (const Pairs& pairs : all) {
    const auto& cached = pairs.sequence->cache.rows;
    spans.push_back({static_cast<int64_t>(ids.size()), pairs.end - pairs.begin,
                     {cached.begin() + pairs.sequence->mtp.begin, cached.begin() + pairs.end}});
    for (int64_t j = pairs.begin; j < pairs.end; ++j) {
      ids.push_back(pairs.sequence->token(j));
      positions.push_back(j - 1);
      rows.push_back(cached[static_cast<size_t>(j)]);
    }
  }
  model::Batch batch;
  batch.ids = index_tensor(ids, device);
  batch.positions = index_tensor(positions, device);
  batch.cache_rows = index_tensor(rows, device);
  batch.plan = kernels::make_attention_plan(std::move(spans), device);
  return batch;
}

}  // namespace

MtpDrafter::MtpDrafter(const model::Transformer& model,
                       model::KvCache& cache,
                       Scheduler& scheduler,
                       const SamplingConfig& sampling,
                       int64_t num_tokens)
    : model_(model),
      cache_(cache),
      scheduler_(scheduler),
      sampler_(sampling, model.config().vocab_size),
      num_tokens_(num_tokens) {}

void MtpDrafter::propose(const Step& step, const Tensor& hidden) {
  work_.clear();
  int64_t row = 0;
  for (const Chunk& chunk : step.chunks) {
    add_work(chunk, row);
    row += chunk.count;
    PromptGroup& group = *chunk.sequence->group;
    const bool ends_prompt = !chunk.sequence->sample && chunk.begin + chunk.count == group.prompt_length();
    if (ends_prompt) group.last_hidden = hidden.select(0, row - 1).clone();  // a view would keep the whole step
  }
  if (work_.empty()) return;
  std::vector<Pairs> pairs;
  for (const Work& w : work_) pairs.push_back({w.sequence, w.begin, w.end});
  const auto batch = batch_of(pairs, hidden.device());
  draft(model_.forward_mtp(batch, states_of(hidden), batch.ids, nullptr, &cache_));
}

void MtpDrafter::skip(const Step& step) {
  for (const Chunk& chunk : step.chunks) {
    if (chunk.sequence->sample) continue;
    chunk.sequence->group->mtp = {};
    chunk.sequence->group->last_hidden = Tensor();
  }
}

// The pairs that a chunk of a sequence has made computable: those of its own tokens but the first, whose pair came with the
// step before, and that of the token after it, when it is known.
void MtpDrafter::add_work(const Chunk& chunk, int64_t row) {
  Sequence& sequence = *chunk.sequence;
  PromptGroup& group = *sequence.group;
  if (sequence.sample && sequence.sample->is_finished) return;
  const int64_t prompt_length = group.prompt_length();
  Work w{&sequence, chunk.begin + 1, chunk.begin + chunk.count + 1, row, false, false};
  if (sequence.sample) {
    if (chunk.draws) w.end = sequence.num_tokens();
    w.drafts = chunk.draws;
    if (chunk.begin == prompt_length && group.last_hidden.defined()) {
      sequence.mtp = group.mtp;
      w.starts_after_prompt = true;
      --w.begin;
    }
  } else {
    w.end = std::min(w.end, prompt_length);
  }
  if (w.begin == w.end || !scheduler_.reserve(sequence, w.end)) return;
  if (sequence.mtp.end != w.begin) sequence.mtp.begin = w.begin;
  sequence.mtp.end = w.end;
  if (!sequence.sample) group.mtp = sequence.mtp;
  work_.push_back(w);
}

// The hidden state of each pair.
Tensor MtpDrafter::states_of(const Tensor& hidden) const {
  std::vector<Tensor> parts{hidden};
  std::vector<int64_t> rows;
  int64_t num_parts_rows = hidden.size(0);
  for (const Work& w : work_) {
    if (w.starts_after_prompt) {
      parts.push_back(w.sequence->group->last_hidden.unsqueeze(0));
      rows.push_back(num_parts_rows++);
    }
    const int64_t count = w.end - w.begin - w.starts_after_prompt;
    for (int64_t i = 0; i < count; ++i) rows.push_back(w.row + i);
  }
  return at::index_select(parts.size() == 1 ? hidden : at::cat(parts), 0, index_tensor(rows, hidden.device()));
}

void MtpDrafter::draft(const Tensor& first_states) {
  std::vector<int64_t> rows;
  std::vector<Work> drafting;
  int64_t row = 0;
  for (const Work& w : work_) {
    row += w.end - w.begin;
    if (!w.drafts) continue;
    rows.push_back(row - 1);
    drafting.push_back(w);
  }
  if (drafting.empty()) return;
  auto states = at::index_select(first_states, 0, index_tensor(rows, first_states.device()));
  for (int64_t n = 0; n < num_tokens_; ++n) {
    queries_.clear();
    for (const Work& w : drafting)
      queries_.push_back({static_cast<int64_t>(queries_.size()), w.sequence->sample->noise_key, w.end + n});
    const auto& draws = sampler_.draw(states, model_.head_weight(), queries_);
    for (size_t i = 0; i < drafting.size(); ++i)
      if (draws[i]) drafting[i].sequence->sample->drafts.push_back(draws[i]->id);
    if (n + 1 == num_tokens_) return;
    std::vector<Pairs> pairs;
    for (const Work& w : drafting) {
      const int64_t j = w.end + n;
      if (static_cast<int64_t>(w.sequence->sample->drafts.size()) <= n || !scheduler_.reserve(*w.sequence, j + 1)) return;
      pairs.push_back({w.sequence, j, j + 1});
    }
    const auto batch = batch_of(pairs, states.device());
    states = model_.forward_mtp(batch, states, batch.ids, nullptr, &cache_);
  }
}

}  // namespace lockstep::rollout
