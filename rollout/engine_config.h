// SPDX-License-Identifier: Apache-2.0
// Limits of the in-process engine: how much it works on at once, and in how much memory.
#pragma once

#include <cstdint>
#include <string>

#include "base/config.h"

namespace lockstep::rollout {

// Every limit is per lane except the byte budget. Lanes are independent batches, each on one thread. With our own kernels
// no bit depends on their number; with torch operations it is part of what determines a run, and does not follow the threads.
struct EngineConfig {
  int lanes = 0;
  int max_num_seqs = 256;
  int max_num_batched_tokens = 2048;
  int64_t kv_cache_rows = 0;
  int64_t kv_cache_bytes = int64_t{2} << 30;
  int page_size = 16;
  std::string draft = "auto";
  int num_draft_tokens = 0;
  bool record_routing = false;
  std::string quantization = "none";
  void visit(auto&& field) {
    field("lanes", lanes, "independent batches, one thread each; 0: one per thread, with portable kernels 2", base::between(0, 1024));
    field("max_num_seqs", max_num_seqs, "sequences that one lane works on at once", base::between(1, 65536));
    field("max_num_batched_tokens", max_num_batched_tokens,
          "tokens of one forward pass of a lane; longer prompts are cut into chunks", base::between(1, 1 << 24));
    field("kv_cache_rows", kv_cache_rows,
          "tokens that one lane's cache holds; 0: what the requests need, within kv_cache_bytes",
          base::between(0, 1 << 30));
    field("kv_cache_bytes", kv_cache_bytes, "memory of all lanes' caches when kv_cache_rows is 0", base::at_least(1));
    field("page_size", page_size, "tokens per cache page, the unit of sharing", base::between(1, 4096));
    field("draft", draft,
          "guesses at the next tokens, kept only where they are what the noise picks: mtp (the model's own module), lookup (what "
          "followed these tokens earlier in the group), none; auto: mtp, else lookup, and only while it pays",
          base::one_of({"auto", "mtp", "lookup", "none"}));
    field("num_draft_tokens", num_draft_tokens, "guesses per sequence and step; 0: 1 with mtp, 4 with lookup", base::between(0, 64));
    field("quantization", quantization,
          "q8_0: sample with weights of 8 bits, fewer bytes to read for few sequences; the sampler's probabilities are then not the "
          "learner's, and the loss corrects for it (grpo.loss.importance_sampling_clip_max)",
          base::one_of({"none", "q8_0"}));
    field("record_routing", record_routing, "keep the experts of each token that is drawn with its completion");
  }
};

}  // namespace lockstep::rollout
