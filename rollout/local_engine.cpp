// SPDX-License-Identifier: Apache-2.0
// Runs the lanes of a generate call on the pool and gathers what they deliver.
#include "rollout/local_engine.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/text.h"
#include "kernels/backend.h"
#include "kernels/shared_work.h"
#include "rollout/lane.h"
#include "rollout/noise.h"
#include "rollout/partition.h"
#include "rollout/request_checks.h"
#include "rollout/running_mark.h"

namespace lockstep::rollout {
namespace {

constexpr int kPortableLanes = 2;

// Completions by request and sample. Lanes write different elements, so only the counters are shared.
class Collector {
 public:
  Collector(const std::vector<Request>& requests, const Listener& listener)
      : listener_(listener), groups_(requests.size()), unfinished_(requests.size()) {
    for (size_t r = 0; r < requests.size(); ++r) {
      groups_[r].completions.resize(static_cast<size_t>(requests[r].num_samples));
      unfinished_[r] = requests[r].num_samples;
    }
  }

  void deliver(size_t request, int sample, Completion&& completion) {
    const bool is_whole = completion.finish != FinishReason::aborted;
    Completion& kept = groups_[request].completions[static_cast<size_t>(sample)];
    kept = std::move(completion);
    if (!is_whole) return;
    const c10::InferenceMode usual(false);  // the caller's tensors are to be ordinary ones
    if (listener_.on_completion) listener_.on_completion(request, static_cast<size_t>(sample), kept);
    if (--unfinished_[request] == 0 && listener_.on_group) listener_.on_group(request, groups_[request]);
  }
  std::vector<Group> take() { return std::move(groups_); }

 private:
  const Listener& listener_;
  std::vector<Group> groups_;
  std::vector<std::atomic<int>> unfinished_;
};

// The model's weights rearranged for the time of a call; they cannot change in it.
class PackedModel {
 public:
  PackedModel(const model::Transformer& m, kernels::WeightFormat format, base::ThreadPool& pool) : model_(m) {
    const kernels::SharedWork shared(pool);
    model_.pack(format);
  }
  ~PackedModel() { model_.drop_packed(); }

 private:
  const model::Transformer& model_;
};

std::vector<PromptGroup> prompt_groups(const std::vector<Share>& shares,
                                       const std::vector<Request>& requests,
                                       const SamplingConfig& sampling,
                                       int64_t max_position_embeddings,
                                       uint64_t seed,
                                       const StopStrings& stop_strings) {
  std::vector<PromptGroup> groups(shares.size());
  for (size_t g = 0; g < shares.size(); ++g) {
    const Request& request = requests[shares[g].request];
    groups[g].request = shares[g].request;
    groups[g].prompt = &request.prompt;
    groups[g].stop_ids = &request.stop_ids;
    groups[g].max_new_tokens = max_new_tokens(request, sampling, max_position_embeddings);
    for (int s = shares[g].begin; s < shares[g].end; ++s)
      groups[g].samples.push_back(
          {s, noise_key(seed, request.prompt_id, request.first_sample + s), {}, stop_strings.start(), false});
  }
  return groups;
}

// The lanes that have work, side by side; one alone shares its work out over all threads.
void run_lanes(base::ThreadPool& pool, const std::vector<std::vector<Share>>& shares, const std::function<void(int)>& run) {
  std::vector<int> busy;
  for (size_t l = 0; l < shares.size(); ++l)
    if (!shares[l].empty()) busy.push_back(static_cast<int>(l));
  if (busy.size() == 1) {
    const kernels::SharedWork shared(pool);
    run(busy[0]);
  } else {
    pool.parallel_for(static_cast<int>(busy.size()), [&](int i) { run(busy[static_cast<size_t>(i)]); });
  }
}

EngineStats total(const std::vector<EngineStats>& lanes, const std::vector<Request>& requests) {
  EngineStats sum;
  for (const EngineStats& lane : lanes) sum.add(lane);
  for (const auto& request : requests) sum.prompt_tokens += static_cast<int64_t>(request.prompt.size());
  return sum;
}

}  // namespace

LocalEngine::LocalEngine(const model::Transformer& model,
                         const model::Tokenizer* tokenizer,
                         const EngineConfig& config,
                         base::ThreadPool& pool,
                         const std::atomic<bool>* stop)
    : LocalEngine(model,
                  tokenizer ? PieceOf([tokenizer](TokenId id) { return tokenizer->piece(id); }) : PieceOf(),
                  config,
                  pool,
                  stop) {}

LocalEngine::LocalEngine(const model::Transformer& model,
                         PieceOf piece_of,
                         const EngineConfig& config,
                         base::ThreadPool& pool,
                         const std::atomic<bool>* stop)
    : model_(model),
      piece_of_(std::move(piece_of)),
      config_(config),
      pool_(pool),
      stop_(stop) {
  const bool is_native = kernels::is_native(model.options().device);
  if (config_.lanes == 0) config_.lanes = is_native ? pool.num_threads() : kPortableLanes;
  caches_.resize(static_cast<size_t>(config_.lanes));
  governors_.resize(static_cast<size_t>(config_.lanes));
  const bool has_mtp = model.config().num_nextn_predict_layers > 0;
  if (config_.draft == "mtp" && !has_mtp)
    throw Error("the model has no multi-token prediction module to draft with", "engine.draft",
                "use \"lookup\", \"auto\" or \"none\"");
  if (config_.quantization != "none" && !is_native)
    throw Error(cat("there are no portable kernels for ", config_.quantization, " weights"), "engine.quantization",
                "use kernels: auto on the CPU, or quantization: none");
  drafting_.is_forced = config_.draft != "auto";
  // With torch operations the size of a batch may reach the bits, and drafts change it: only when they are asked for.
  const bool is_wanted = config_.draft != "none" && (drafting_.is_forced || is_native);
  if (is_wanted) drafting_.kind = has_mtp && config_.draft != "lookup" ? DraftKind::mtp : DraftKind::lookup;
  drafting_.num_tokens = config_.num_draft_tokens > 0 ? config_.num_draft_tokens : drafting_.kind == DraftKind::mtp ? 1 : 4;
}

std::vector<Group> LocalEngine::generate(const std::vector<Request>& requests,
                                         const SamplingConfig& sampling,
                                         uint64_t seed,
                                         const Listener& listener) {
  const RunningMark running(is_running_);
  const auto started = std::chrono::steady_clock::now();
  stats_ = {};
  check_requests(requests, sampling, model_.config(), piece_of_ != nullptr);
  const StopStrings stop_strings(sampling.stop, "sampling.stop");
  const int64_t context_length = model_.config().max_position_embeddings;
  const auto shares = partition(requests, sampling, context_length, config_.lanes);
  std::vector<int64_t> pages;
  for (const auto& lane : shares) pages.push_back(lane_pages(lane, requests, sampling, model_, config_));

  const PackedModel packed(model_, config_.quantization == "q8_0" ? kernels::WeightFormat::q8_0 : kernels::WeightFormat::exact,
                           pool_);
  Collector collector(requests, listener);
  std::atomic<bool> has_failed{false};
  const auto must_stop = [&] { return has_failed || (stop_ && *stop_); };
  const auto deliver = [&](size_t request, int sample, Completion&& c) { collector.deliver(request, sample, std::move(c)); };
  const LaneContext context{model_, piece_of_, sampling, stop_strings, weight_version_, drafting_, config_.record_routing,
                            must_stop, deliver};
  std::vector<EngineStats> lane_stats(shares.size());
  const auto run = [&](int l) {
    const auto i = static_cast<size_t>(l);
    if (shares[i].empty()) return;
    try {
      auto groups = prompt_groups(shares[i], requests, sampling, context_length, seed, stop_strings);
      lane_stats[i] = run_lane(i, context, pages[i], std::move(groups));
    } catch (...) {
      has_failed = true;  // the other lanes need not finish
      throw;
    }
  };
  run_lanes(pool_, shares, run);
  stats_ = total(lane_stats, requests);
  stats_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return collector.take();
}

EngineStats LocalEngine::run_lane(size_t index,
                                  const LaneContext& context,
                                  int64_t num_pages,
                                  std::vector<PromptGroup> groups) {
  at::init_num_threads();  // this thread takes over what at::set_num_threads said
  const c10::InferenceMode no_gradients;
  model::KvCache& cache = caches_[index];
  const int64_t rows = num_pages * config_.page_size;
  if (cache.num_rows < rows)
    cache = model::make_kv_cache(model_.config(), rows, model_.options().dtype, model_.options().device,
                                 drafting_.kind == DraftKind::mtp);
  const SchedulerLimits limits{config_.max_num_seqs, config_.max_num_batched_tokens, num_pages, config_.page_size};
  Lane lane(context, limits, cache, governors_[index], std::move(groups));
  lane.run();
  return lane.stats();
}

void LocalEngine::publish(uint64_t weight_version) {
  if (is_running_)
    throw Error(cat("version ", weight_version,
                    " of the weights was published while completions are drawn from version ", weight_version_),
                "rollout engine", "publish after generate has returned");
  weight_version_ = weight_version;
}

}  // namespace lockstep::rollout
