// SPDX-License-Identifier: Apache-2.0
// Each block of logits goes through the sums of its rows and the races of its queries while it is in the cache.
#include "rollout/row_sampler.h"

#include <algorithm>

#include "rollout/truncation.h"

namespace lockstep::rollout {
namespace {

constexpr int64_t kLogitsAtOnce = int64_t{1} << 22;  // of whole rows: 16 MiB of f32

}  // namespace

RowSampler::RowSampler(const SamplingConfig& config, int64_t vocab_size)
    : config_(config), vocab_size_(vocab_size), sampler_(config, vocab_size) {}

const std::vector<std::optional<Draw>>& RowSampler::draw(const Tensor& hidden,
                                                         const kernels::Weight& head,
                                                         const std::vector<DrawQuery>& queries) {
  draws_.clear();
  if (truncates(config_))
    draw_whole(hidden, head, queries);
  else
    race(hidden, head, queries);
  return draws_;
}

void RowSampler::race(const Tensor& hidden, const kernels::Weight& head, const std::vector<DrawQuery>& queries) {
  const auto temperature = static_cast<float>(Sampler::temperature(config_));
  races_.assign(queries.size(), {});
  sums_.assign(static_cast<size_t>(hidden.size(0)), {});
  kernels::for_logit_blocks(hidden, head, [&](int64_t first, const Tensor& logits) {
    const int64_t columns = logits.size(1);
    const auto* values = logits.const_data_ptr<float>();
    kernels::cpu::add_softmax_sums(
        {.rows = logits.size(0), .columns = columns, .logits = values, .stride = columns, .temperature = temperature}, sums_.data());
    for (size_t q = 0; q < queries.size(); ++q)
      races_[q].enter({.logits = values + queries[q].row * columns, .first = first, .columns = columns, .temperature = temperature},
                      {queries[q].noise_key, queries[q].position}, config_.temperature > 0);
  });
  for (size_t q = 0; q < queries.size(); ++q)
    draws_.push_back(races_[q].result(sums_[static_cast<size_t>(queries[q].row)], temperature));
}

void RowSampler::draw_whole(const Tensor& hidden, const kernels::Weight& head, const std::vector<DrawQuery>& queries) {
  const int64_t at_once = std::max<int64_t>(1, kLogitsAtOnce / vocab_size_);
  Tensor logits;
  int64_t begin = 0, end = 0;
  for (const DrawQuery& query : queries) {
    if (query.row >= end) {
      begin = query.row;
      end = std::min(begin + at_once, hidden.size(0));
      logits = kernels::linear_logits(hidden.narrow(0, begin, end - begin), head, Sampler::temperature(config_)).cpu().contiguous();
    }
    const auto* row = logits.const_data_ptr<float>() + (query.row - begin) * vocab_size_;
    draws_.push_back(sampler_.draw(row, query.noise_key, query.position));
  }
}

}  // namespace lockstep::rollout
