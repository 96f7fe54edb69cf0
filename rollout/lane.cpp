// SPDX-License-Identifier: Apache-2.0
// The loop of a lane: plan, forward, draw, settle.
#include "rollout/lane.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "kernels/token_logprobs.h"

namespace lockstep::rollout {
namespace {

constexpr int64_t kLogitsAtOnce = int64_t{1} << 22;  // 16 MiB of f32

Tensor to_device(const Tensor& host, const at::Device& device) { return device.is_cpu() ? host : host.to(device); }

}  // namespace

Lane::Lane(const LaneContext& context,
           const SchedulerLimits& limits,
           model::KvCache& cache,
           std::vector<PromptGroup> groups)
    : context_(context),
      cache_(cache),
      groups_(std::move(groups)),
      scheduler_(limits, groups_, context.weight_version),
      sampler_(context.sampling, context.model.config().vocab_size) {}

void Lane::run() {
  Step step;
  bool is_stopped = false;
  while (!(is_stopped = context_.must_stop()) && scheduler_.next(step)) {
    copy_rows(cache_, step.copies);
    draw(step, context_.model.forward(make_batch(step), &cache_));
    scheduler_.settle(step);
    ++stats_.decode_steps;
  }
  if (is_stopped) abort();
  stats_.preempted = scheduler_.num_preempted();
  stats_.peak_cache_rows = scheduler_.peak_rows();
}

model::Batch Lane::make_batch(const Step& step) {
  int64_t total = 0;
  for (const Chunk& chunk : step.chunks) total += chunk.count;
  model::Batch batch;
  batch.ids = at::empty({total}, at::kLong);
  batch.positions = at::empty({total}, at::kLong);
  batch.cache_rows = at::empty({total}, at::kLong);
  auto* ids = batch.ids.mutable_data_ptr<int64_t>();
  auto* positions = batch.positions.mutable_data_ptr<int64_t>();
  auto* rows = batch.cache_rows.mutable_data_ptr<int64_t>();
  std::vector<kernels::AttentionSpan> spans(step.chunks.size());
  int64_t row = 0;
  for (size_t c = 0; c < step.chunks.size(); ++c) {
    const Chunk& chunk = step.chunks[c];
    const auto& cached = chunk.sequence->cache.rows;
    const int64_t end = chunk.begin + chunk.count;
    spans[c].query_begin = row;
    spans[c].num_queries = chunk.count;
    spans[c].key_rows.assign(cached.begin(), cached.begin() + end);
    for (int64_t position = chunk.begin; position < end; ++position, ++row) {
      ids[row] = chunk.sequence->token(position);
      positions[row] = position;
      rows[row] = cached[static_cast<size_t>(position)];
    }
  }
  const at::Device device = context_.model.options().device;
  batch.plan = kernels::make_attention_plan(std::move(spans), device);
  batch.ids = to_device(batch.ids, device);
  batch.positions = to_device(batch.positions, device);
  batch.cache_rows = to_device(batch.cache_rows, device);
  return batch;
}

// Every sample of a finished prompt draws its first token from the same row.
void Lane::draw(const Step& step, const Tensor& hidden) {
  const int64_t at_once = std::max<int64_t>(1, kLogitsAtOnce / context_.model.config().vocab_size);
  drawers_.clear();
  rows_.clear();
  int64_t row = -1;
  for (const Chunk& chunk : step.chunks) {
    row += chunk.count;
    if (!chunk.draws) continue;
    if (static_cast<int64_t>(rows_.size()) == at_once) draw_rows(hidden);
    const auto logits_row = static_cast<int64_t>(rows_.size());
    rows_.push_back(row);
    PromptGroup& group = *chunk.sequence->group;
    if (chunk.sequence->sample) {
      drawers_.push_back({&group, chunk.sequence->sample, logits_row});
    } else {
      for (Sample& sample : group.samples) drawers_.push_back({&group, &sample, logits_row});
    }
  }
  if (!rows_.empty()) draw_rows(hidden);
}

void Lane::draw_rows(const Tensor& hidden) {
  const auto count = static_cast<int64_t>(rows_.size());
  Tensor chosen = hidden;
  if (count < hidden.size(0)) {
    auto index = at::empty({count}, at::kLong);
    std::copy(rows_.begin(), rows_.end(), index.mutable_data_ptr<int64_t>());
    chosen = hidden.index_select(0, to_device(index, hidden.device()));
  }
  const double temperature = Sampler::temperature(context_.sampling);
  const auto logits = kernels::linear_logits(chosen, context_.model.head_weight(), temperature).cpu().contiguous();
  const auto* values = logits.const_data_ptr<float>();
  for (const Drawer& drawer : drawers_) take(*drawer.group, *drawer.sample, values + drawer.row * logits.size(1));
  drawers_.clear();
  rows_.clear();
}

void Lane::take(PromptGroup& group, Sample& sample, const float* logits) {
  Completion& completion = sample.completion;
  const int64_t position = group.prompt_length() + static_cast<int64_t>(completion.ids.size());
  const auto drawn = sampler_.draw(logits, sample.noise_key, position);
  if (!drawn)
    throw Error("the logits are not finite numbers, no token can be drawn from them",
                cat("request ", group.request, ", sample ", sample.index, ", position ", position),
                "look for NaN in the weights (a diverged update: lower the learning rate), or raise the temperature");
  completion.ids.push_back(drawn->id);
  completion.logprobs.push_back(drawn->logprob);
  ++stats_.new_tokens;
  if (!ends(group, sample, drawn->id)) return;
  sample.is_finished = true;
  completion.weight_version = context_.weight_version;
  context_.deliver(group.request, sample.index, std::move(completion));
}

bool Lane::ends(const PromptGroup& group, Sample& sample, TokenId id) const {
  FinishReason& reason = sample.completion.finish;
  reason = FinishReason::eos;
  if (std::find(group.stop_ids->begin(), group.stop_ids->end(), id) != group.stop_ids->end()) return true;
  reason = FinishReason::stop;
  if (!context_.stop_strings.is_empty() &&
      context_.stop_strings.advance(sample.stop_state, context_.tokenizer->piece(id)))
    return true;
  reason = FinishReason::length;
  return static_cast<int64_t>(sample.completion.ids.size()) >= group.max_new_tokens;
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
