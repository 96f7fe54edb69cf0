// SPDX-License-Identifier: Apache-2.0
// Learner batches from segments, and the cache that the engine's pages index.
#include "model/batch.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <numeric>

#include "base/error.h"

namespace lockstep::model {

Batch make_batch(const std::vector<Segment>& segments, const at::Device& device) {
  int64_t total = 0;
  for (const auto& segment : segments) total += static_cast<int64_t>(segment.ids.size());
  Batch batch;
  batch.ids = at::empty({total}, at::kLong);
  batch.positions = at::empty({total}, at::kLong);
  auto* ids = batch.ids.mutable_data_ptr<int64_t>();
  auto* positions = batch.positions.mutable_data_ptr<int64_t>();
  std::vector<kernels::AttentionSpan> spans;
  std::vector<std::vector<int64_t>> visible(segments.size());  // rows of a segment and its ancestors
  int64_t row = 0;
  for (size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    LOCKSTEP_CHECK(!segment.ids.empty(), "segments are not empty");
    LOCKSTEP_CHECK(segment.parent < static_cast<int64_t>(i), "a parent comes before its children");
    if (segment.parent >= 0) visible[i] = visible[static_cast<size_t>(segment.parent)];
    const int64_t first = row;
    for (TokenId id : segment.ids) {
      ids[row] = id;
      positions[row] = static_cast<int64_t>(visible[i].size());
      visible[i].push_back(row++);
    }
    spans.push_back({first, row - first, visible[i]});
  }
  batch.plan = kernels::make_attention_plan(std::move(spans), device);
  batch.ids = batch.ids.to(device);
  batch.positions = batch.positions.to(device);
  return batch;
}

KvCache make_kv_cache(
    const ModelConfig& config, int64_t num_rows, at::ScalarType dtype, const at::Device& device, bool with_mtp) {
  KvCache cache;
  cache.num_rows = num_rows;
  const int64_t layers = config.num_hidden_layers + with_mtp, heads = config.is_mla() ? 1 : config.num_key_value_heads;
  const int64_t width = config.is_mla() ? config.kv_lora_rank + config.qk_rope_head_dim : config.head_dim;
  const auto all = at::zeros({layers, config.is_mla() ? 1 : 2, num_rows, heads, width}, at::TensorOptions(dtype).device(device));
  for (int64_t layer = 0; layer < layers; ++layer) {
    cache.keys.push_back(all.select(0, layer).select(0, 0));
    cache.values.push_back(config.is_mla() ? Tensor() : all.select(0, layer).select(0, 1));
  }
  return cache;
}

int64_t kv_bytes_per_token(const ModelConfig& config, at::ScalarType dtype, bool with_mtp) {
  const int64_t values = config.is_mla() ? config.kv_lora_rank + config.qk_rope_head_dim
                                         : 2 * config.num_key_value_heads * config.head_dim;
  return values * (config.num_hidden_layers + with_mtp) * static_cast<int64_t>(c10::elementSize(dtype));
}

}  // namespace lockstep::model
