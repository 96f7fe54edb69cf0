// SPDX-License-Identifier: Apache-2.0
// The caller's side of the hub: weights, the probe's answer and calls go in, finished groups come out.
#include "rollout/remote/remote_engine.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "rollout/remote/hub.h"
#include "rollout/running_mark.h"

namespace lockstep::rollout::remote {
namespace {

using Clock = std::chrono::steady_clock;
using Report = std::function<void(size_t request)>;

constexpr Milliseconds kLookForStop{50};
constexpr int kMaxAtOnce = 256;  // messages before the clock is looked at again

// Calls are numbered from a random number on: a worker may still have results for a trainer that ran here before.
uint64_t first_call() {
  std::random_device device;
  return (uint64_t{device()} << 32 | device()) | 1;
}

}  // namespace

struct RemoteEngine::Impl {
  Impl(ModelSource& model,
       std::unique_ptr<ServerLink> its_link,
       const WorkersConfig& config,
       const std::atomic<bool>* its_stop)
      : source(model),
        link(std::move(its_link)),
        hub(*link, source.welcome(), source.vocab_size(), config),
        stop(its_stop),
        pool(base::default_num_threads()) {
    if (!config.weights_folder.empty()) folder.emplace(config.weights_folder);
    thread = std::thread([this] { serve(); });
  }
  ~Impl() {
    is_closing = true;
    link->wake();
    thread.join();
  }

  void serve();
  void listen();
  void take_weights();
  void answer_probe(std::unique_lock<std::mutex>& lock);
  void wait(Call& call, const Report& report);
  bool is_stopped() const { return stop && *stop; }

  ModelSource& source;
  std::unique_ptr<ServerLink> link;  // of the thread, but for wake()
  std::mutex mutex;                  // of everything below that both threads use
  Hub hub;
  std::condition_variable has_news;  // for the caller
  std::exception_ptr fault;          // that ended the thread
  const std::atomic<bool>* stop;
  std::optional<WeightsFolder> folder;  // from here on: of the caller
  uint64_t version = 0, next_call = first_call();
  bool must_take_weights = true;
  Weights last;           // the version before: what is new is told against it, in its memory
  base::ThreadPool pool;  // for copies and digests
  std::atomic<bool> is_running{false}, is_closing{false};
  EngineStats stats;
  std::thread thread;
};

void RemoteEngine::Impl::serve() {
  try {
    listen();
  } catch (...) {
    const std::lock_guard lock(mutex);
    fault = std::current_exception();
  }
  has_news.notify_all();
}

void RemoteEngine::Impl::listen() {
  while (true) {
    Time due;
    {
      const std::lock_guard lock(mutex);
      if (is_closing) return hub.say_goodbye();
      due = hub.tick(Clock::now());
    }
    has_news.notify_all();
    auto received = link->receive(std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(due - Clock::now())));
    for (int i = 0; received && i < kMaxAtOnce; ++i) {
      {
        const std::lock_guard lock(mutex);
        hub.on_message(std::move(*received), Clock::now());
      }
      received = i + 1 < kMaxAtOnce ? link->receive(Milliseconds(0)) : std::nullopt;
    }
  }
}

// A copy, because the learner changes the weights while workers that join late still get these.
void RemoteEngine::Impl::take_weights() {
  if (!must_take_weights) return;
  const auto tensors = source.tensors();
  Weights weights =
      folder ? folder->write(version, tensors, pool) : copy_weights(version, tensors, pool, std::exchange(last, {}));
  const std::lock_guard lock(mutex);
  hub.give_weights(std::move(weights));
  must_take_weights = false;
}

void RemoteEngine::Impl::answer_probe(std::unique_lock<std::mutex>& lock) {
  const Probe probe = hub.probe();
  lock.unlock();
  Engine& local = source.local();
  local.publish(version);
  auto groups = local.generate(probe.requests, probe.sampling, probe.seed);
  lock.lock();
  hub.give_probe(std::move(groups));
  link->wake();
}

// The call is the hub's until give() or an exception takes it back.
class RemoteEngine::OpenCall {
 public:
  OpenCall(Impl& impl, Call& call) : impl_(impl), call_(&call) {
    const std::lock_guard lock(impl_.mutex);
    impl_.hub.start_call(call, Clock::now());
    impl_.link->wake();
  }
  ~OpenCall() {
    if (!call_) return;
    const std::lock_guard lock(impl_.mutex);
    impl_.hub.end_call(0);
  }
  // Error when the call is unfinished.
  void give(EngineStats& stats) {
    const std::lock_guard lock(impl_.mutex);
    if (impl_.fault) std::rethrow_exception(impl_.fault);
    if (impl_.hub.failure() && !call_->is_done()) throw Error(*impl_.hub.failure());
    stats.add(impl_.hub.call_stats());
    stats.peak_cache_rows = impl_.hub.peak_cache_rows();
    impl_.hub.end_call(std::exchange(call_, nullptr)->num_taken());
  }

 private:
  Impl& impl_;
  Call* call_;
};

// Until the call is done, or can never be.
void RemoteEngine::Impl::wait(Call& call, const Report& report) {
  std::unique_lock lock(mutex);
  while (!call.is_done() && !hub.failure() && !fault) {
    if (is_stopped() && hub.is_short())
      throw Stopped("stopped while no rollout worker was there to draw", "workers.listen",
                    "start the same command again");
    if (hub.wants_probe()) {
      answer_probe(lock);
      continue;
    }
    const auto finished = call.take_finished();
    if (finished.empty()) {
      has_news.wait_for(lock, kLookForStop);
      continue;
    }
    lock.unlock();
    for (const size_t request : finished) report(request);
    lock.lock();
  }
}

RemoteEngine::RemoteEngine(ModelSource& source,
                           std::unique_ptr<ServerLink> link,
                           const WorkersConfig& config,
                           const std::atomic<bool>* stop)
    : impl_(std::make_unique<Impl>(source, std::move(link), config, stop)) {}

RemoteEngine::~RemoteEngine() = default;

std::vector<Group> RemoteEngine::generate(const std::vector<Request>& requests,
                                          const SamplingConfig& sampling,
                                          uint64_t seed,
                                          const Listener& listener) {
  const RunningMark running(impl_->is_running);
  const auto started = Clock::now();
  EngineStats& stats = impl_->stats = {};
  impl_->source.check(requests, sampling);
  impl_->take_weights();
  Call call({impl_->next_call++, impl_->version, seed}, requests, sampling);
  const Report report = [&](size_t request) {
    const Group& group = call.group(request);
    for (size_t s = 0; listener.on_completion && s < group.completions.size(); ++s) {
      if (group.completions[s].finish != FinishReason::aborted) listener.on_completion(request, s, group.completions[s]);
    }
    if (listener.on_group) listener.on_group(request, group);
  };
  {
    OpenCall open(*impl_, call);
    impl_->wait(call, report);
    open.give(stats);
  }
  for (const size_t request : call.take_finished()) report(request);
  for (const Request& request : requests) stats.prompt_tokens += static_cast<int64_t>(request.prompt.size());
  stats.new_tokens = call.num_tokens();
  stats.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  return call.give();
}

void RemoteEngine::publish(uint64_t weight_version) {
  if (impl_->is_running)
    throw Error(cat("version ", weight_version,
                    " of the weights was published while completions are drawn from version ", impl_->version),
                "rollout engine", "publish after generate has returned");
  impl_->version = weight_version;
  impl_->must_take_weights = true;
  const std::lock_guard lock(impl_->mutex);
  if (impl_->hub.has_weights()) impl_->last = impl_->hub.take_back_weights();
}

uint64_t RemoteEngine::weight_version() const { return impl_->version; }

const EngineStats& RemoteEngine::stats() const { return impl_->stats; }

WorkerStats RemoteEngine::worker_stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->hub.stats();
}

}  // namespace lockstep::rollout::remote
