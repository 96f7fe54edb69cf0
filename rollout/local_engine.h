// SPDX-License-Identifier: Apache-2.0
// The engine that samples from a model in this process.
#pragma once

#include <atomic>
#include <vector>

#include "base/thread_pool.h"
#include "model/tokenizer.h"
#include "model/transformer.h"
#include "rollout/engine.h"
#include "rollout/engine_config.h"
#include "rollout/lane.h"

namespace lockstep::rollout {

// Samples are split over a fixed number of lanes (rollout/partition.h), which the pool's threads run independently of each
// other: the same completions, bit for bit, at any number of threads. Run with at::set_num_threads(1) in force.
class LocalEngine final : public Engine {
 public:
  // `model` and `pool` outlive the engine, and the model's parameters do not change during generate. `tokenizer` finds stop
  // strings; it may be null when there are none. Once `*stop` is true, generate returns before the next forward pass, and
  // what is unfinished then has FinishReason::aborted; groups with such a completion are not reported.
  // Errors: draft "mtp" and a model without MTP; a quantization that the model's kernels do not have.
  LocalEngine(const model::Transformer& model,
              const model::Tokenizer* tokenizer,
              const EngineConfig& config,
              base::ThreadPool& pool,
              const std::atomic<bool>* stop = nullptr);
  LocalEngine(const model::Transformer& model,
              PieceOf piece_of,
              const EngineConfig& config,
              base::ThreadPool& pool,
              const std::atomic<bool>* stop = nullptr);

  // Errors: a request with an empty prompt, ids outside the vocabulary, no samples, or a prompt that leaves no room in the
  // context or in the cache; stop strings without a tokenizer, or empty ones; logits that are not finite; a second call
  // while one is running.
  std::vector<Group> generate(const std::vector<Request>& requests,
                              const SamplingConfig& sampling,
                              uint64_t seed,
                              const Listener& listener = {}) override;
  // Error while generate is running: its completions would mix versions.
  void publish(uint64_t weight_version) override;
  uint64_t weight_version() const override { return weight_version_; }
  const EngineStats& stats() const override { return stats_; }

 private:
  EngineStats run_lane(size_t index, const LaneContext& context, int64_t num_pages, std::vector<PromptGroup> groups);

  const model::Transformer& model_;
  PieceOf piece_of_;  // empty: no stop strings
  EngineConfig config_;
  base::ThreadPool& pool_;
  const std::atomic<bool>* stop_;
  uint64_t weight_version_ = 0;
  std::atomic<bool> is_running_{false};
  EngineStats stats_;
  Drafting drafting_;
  std::vector<model::KvCache> caches_;    // of the lanes: storage only, nothing in it outlives a call
  std::vector<DraftGovernor> governors_;  // of the lanes: what was learned of this machine's speed
};

}  // namespace lockstep::rollout
