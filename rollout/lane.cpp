// SPDX-License-Identifier: Apache-2.0
// The loop of a lane: plan, forward, draw, guess, settle.
#include "rollout/lane.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/text.h"
#include "kernels/index_tensor.h"
#include "rollout/lookup_drafter.h"
#include "rollout/mtp_drafter.h"

namespace lockstep::rollout {
namespace {

bool is_decode(const Step& step) {
  return std::all_of(step.chunks.begin(), step.chunks.end(),
                     [](const Chunk& c) { return c.sequence->sample && c.count == c.num_drafts + 1; });
}

}  // namespace

Lane::Lane(const LaneContext& context,
           const SchedulerLimits& limits,
           model::KvCache& cache,
           DraftGovernor& governor,
           std::vector<PromptGroup> groups)
    : context_(context),
      cache_(cache),
      governor_(governor),
      groups_(std::move(groups)),
      scheduler_(limits, groups_, context.weight_version),
      sampler_(context.sampling, context.model.config().vocab_size) {
  const auto& drafting = context.drafting;
  if (drafting.kind == DraftKind::lookup) drafter_ = std::make_unique<LookupDrafter>(drafting.num_tokens);
  if (drafting.kind == DraftKind::mtp)
    drafter_ = std::make_unique<MtpDrafter>(context.model, cache_, scheduler_, context.sampling, drafting.num_tokens);
  routing_.keeps_experts = context.records_routing;
}

void Lane::run() {
  Step step;
  bool is_stopped = false;
  while (!(is_stopped = context_.must_stop()) && scheduler_.next(step)) compute(step);
  if (is_stopped) abort();
  stats_.preempted = scheduler_.num_preempted();
  stats_.peak_cache_rows = scheduler_.peak_rows();
  sum_expert_load();
}

void Lane::compute(const Step& step) {
  const auto started = std::chrono::steady_clock::now();
  const bool had_guessed = has_guessed_;
  const int64_t num_running = scheduler_.num_running(), drawn_before = stats_.new_tokens;
  copy_rows(cache_, step.copies);
  const auto hidden = context_.model.forward(make_batch(step), &cache_, context_.model.config().num_experts > 0 ? &routing_ : nullptr);
  draw(step, hidden);
  guess(step, hidden);
  const bool is_timed = drafter_ && has_guessed_ == had_guessed && is_decode(step);
  scheduler_.settle(step);
  ++stats_.decode_steps;
  if (!is_timed) return;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  governor_.record(num_running, had_guessed, seconds, stats_.new_tokens - drawn_before);
}

void Lane::guess(const Step& step, const Tensor& hidden) {
  if (!drafter_) return;
  has_guessed_ = context_.drafting.is_forced || governor_.wants_drafts(scheduler_.num_running());
  if (has_guessed_)
    drafter_->propose(step, hidden);
  else
    drafter_->skip(step);
}

model::Batch Lane::make_batch(const Step& step) {
  int64_t total = 0;
  for (const Chunk& chunk : step.chunks) total += chunk.count;
  std::vector<int64_t> ids, positions, rows;
  for (auto* of : {&ids, &positions, &rows}) of->reserve(static_cast<size_t>(total));
  std::vector<kernels::AttentionSpan> spans(step.chunks.size());
  for (size_t c = 0; c < step.chunks.size(); ++c) {
    const Chunk& chunk = step.chunks[c];
    const auto& cached = chunk.sequence->cache.rows;
    const int64_t end = chunk.begin + chunk.count;
    spans[c].query_begin = static_cast<int64_t>(ids.size());
    spans[c].num_queries = chunk.count;
    spans[c].key_rows.assign(cached.begin(), cached.begin() + end);
    for (int64_t position = chunk.begin; position < end; ++position) {
      ids.push_back(chunk.sequence->token(position));
      positions.push_back(position);
      rows.push_back(cached[static_cast<size_t>(position)]);
    }
  }
  const at::Device device = context_.model.options().device;
  model::Batch batch;
  batch.plan = kernels::make_attention_plan(std::move(spans), device);
  batch.ids = kernels::index_tensor(ids, device);
  batch.positions = kernels::index_tensor(positions, device);
  batch.cache_rows = kernels::index_tensor(rows, device);
  return batch;
}

// Every sample of a finished prompt draws its first token from the same row. A sample with drafts may draw from the row
// before each draft and from the last one's.
void Lane::draw(const Step& step, const Tensor& hidden) {
  drawers_.clear();
  queries_.clear();
  rows_.clear();
  int64_t end = 0;
  for (const Chunk& chunk : step.chunks) {
    end += chunk.count;
    for (int64_t draft = chunk.draws ? 0 : chunk.num_drafts + 1; draft <= chunk.num_drafts; ++draft)
      add_drawers(chunk, draft, end - 1 - chunk.num_drafts + draft);
  }
  if (!rows_.empty()) {
    const bool are_all = static_cast<int64_t>(rows_.size()) == hidden.size(0);
    const auto chosen = are_all ? hidden : hidden.index_select(0, kernels::index_tensor(rows_, hidden.device()));
    const auto& draws = sampler_.draw(chosen, context_.model.head_weight(), queries_);
    for (size_t i = 0; i < drawers_.size(); ++i) take(drawers_[i], draws[i]);
  }
  for (const Chunk& chunk : step.chunks)
    if (chunk.sequence->sample) chunk.sequence->sample->drafts.clear();
}

// Of the row behind `num_drafts` drafts of a chunk; it is row `place` of the step.
void Lane::add_drawers(const Chunk& chunk, int64_t num_drafts, int64_t place) {
  const auto row = static_cast<int64_t>(rows_.size());
  rows_.push_back(place);
  PromptGroup& group = *chunk.sequence->group;
  const auto add = [&](Sample& sample, size_t num_drawn, TokenId draft) {
    drawers_.push_back({&group, &sample, place, num_drawn, draft});
    queries_.push_back({row, sample.noise_key, group.prompt_length() + static_cast<int64_t>(num_drawn)});
  };
  Sample* const sample = chunk.sequence->sample;
  if (!sample) {
    for (Sample& first : group.samples) add(first, 0, -1);
    return;
  }
  const int64_t num_tokens = chunk.begin + chunk.count - chunk.num_drafts;  // before the step's draws
  const TokenId draft = num_drafts > 0 ? sample->drafts[static_cast<size_t>(num_drafts) - 1] : -1;
  add(*sample, static_cast<size_t>(num_tokens - group.prompt_length() + num_drafts), draft);
}

void Lane::take(const Drawer& drawer, const std::optional<Draw>& drawn) {
  PromptGroup& group = *drawer.group;
  Sample& sample = *drawer.sample;
  Completion& completion = sample.completion;
  if (drawer.draft >= 0) {
    ++stats_.draft_tokens;
    if (sample.is_finished || completion.ids.size() != drawer.num_drawn || completion.ids.back() != drawer.draft) return;
    ++stats_.accepted_tokens;
  } else {
    ++stats_.draws;
  }
  if (!drawn)
    throw Error("the logits are not finite numbers, no token can be drawn from them",
                cat("request ", group.request, ", sample ", sample.index, ", position ", group.prompt_length() + static_cast<int64_t>(completion.ids.size())),
                "look for NaN in the weights (a diverged update: lower the learning rate), or raise the temperature");
  completion.ids.push_back(drawn->id);
  completion.logprobs.push_back(drawn->logprob);
  if (context_.records_routing) record_routing(completion, drawer.place);
  ++stats_.new_tokens;
  if (!ends(group, sample, drawn->id)) return;
  sample.is_finished = true;
  completion.weight_version = context_.weight_version;
  if (drafter_) drafter_->finish(group, sample);
  context_.deliver(group.request, sample.index, std::move(completion));
}

void Lane::record_routing(Completion& completion, int64_t place) const {
  for (const Tensor& layer : routing_.experts) {
    if (!layer.defined()) continue;  // MTP's: it draws nothing
    const auto row = layer.select(0, place).cpu();
    const auto* expert = row.const_data_ptr<int64_t>();
    for (int64_t k = 0; k < row.size(0); ++k) completion.experts.push_back(static_cast<uint16_t>(expert[k]));
  }
}

bool Lane::ends(const PromptGroup& group, Sample& sample, TokenId id) const {
  FinishReason& reason = sample.completion.finish;
  reason = FinishReason::eos;
  if (std::find(group.stop_ids->begin(), group.stop_ids->end(), id) != group.stop_ids->end()) return true;
  reason = FinishReason::stop;
  if (!context_.stop_strings.is_empty() &&
      context_.stop_strings.advance(sample.stop_state, context_.piece_of(id)))
    return true;
  reason = FinishReason::length;
  return static_cast<int64_t>(sample.completion.ids.size()) >= group.max_new_tokens;
}

void Lane::sum_expert_load() {
  for (const Tensor& layer : routing_.counts) {
    if (!layer.defined()) continue;
    const auto counts = layer.cpu();
    const auto* count = counts.const_data_ptr<int64_t>();
    stats_.expert_load.emplace_back(count, count + counts.size(0));
  }
}

void Lane::abort() {
  for (PromptGroup& group : groups_)
    for (Sample& sample : group.samples) {
      if (sample.is_finished) continue;
      sample.completion.finish = FinishReason::aborted;
      sample.completion.weight_version = context_.weight_version;
      context_.deliver(group.request, sample.index, std::move(sample.completion));
    }
}

}  // namespace lockstep::rollout
