// SPDX-License-Identifier: Apache-2.0
// What one forward pass works on: token-major ragged rows, no padding.
#pragma once

#include <vector>

#include "kernels/attention.h"
#include "kernels/tensor.h"
#include "model/model_config.h"
#include "model/tokenizer.h"

namespace lockstep::model {

// N tokens of any number of sequences. In the learner the keys of the batch itself are the store (`plan` indexes its
// rows); in the engine they are written to `cache_rows` of a KvCache first and `plan` indexes the cache.
struct Batch {
  Tensor ids;         // [N] i64
  Tensor positions;   // [N] i64, position of each token in its own sequence
  Tensor cache_rows;  // [N] i64, undefined without a cache
  kernels::AttentionPlan plan;
  // Routing replay: per mixture layer [N, K] i64, experts to use instead of the router's choice where a row does not begin with a
  // negative number (the weights stay the router's); empty: none.
  std::vector<Tensor> experts;
  int64_t num_tokens() const { return ids.size(0); }
};

// A segment of tokens that continues `parent`'s tokens (an index of an earlier segment, -1: none). A group of G samples
// is one prompt segment and G completion segments: P + sum of completion lengths tokens.
struct Segment {
  std::vector<TokenId> ids;
  int64_t parent = -1;
};

// The learner's batch over whole segments; rows follow the order of the segments. A parent must come before its children.
Batch make_batch(const std::vector<Segment>& segments, const at::Device& device);

// Keys and values of earlier tokens, per layer: [rows, Hkv, d]. MLA keeps one row [latent, rope key] and no values.
// Rows are handed out by the engine's pages; the cache itself knows no sequences.
struct KvCache {
  std::vector<Tensor> keys, values;
  int64_t num_rows = 0;
};
// `with_mtp`: one more layer, the last, for an MTP module.
KvCache make_kv_cache(
    const ModelConfig& config, int64_t num_rows, at::ScalarType dtype, const at::Device& device, bool with_mtp = false);
// Bytes of one cached token over all layers.
int64_t kv_bytes_per_token(const ModelConfig& config, at::ScalarType dtype, bool with_mtp = false);

}  // namespace lockstep::model
