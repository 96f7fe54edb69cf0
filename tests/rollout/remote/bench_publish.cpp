// SPDX-License-Identifier: Apache-2.0
// Not a test: prints what new weights add to a call, from publish to the first token, with one worker on loopback.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/rng.h"
#include "base/thread_pool.h"
#include "rollout/remote/remote_engine.h"
#include "rollout/remote/worker.h"
#include "rollout/remote/zmq_link.h"

namespace lockstep::rollout::remote {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kTensors = 300;
constexpr int kRuns = 9;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Draws at once: what is measured is everything else.
class InstantEngine final : public Engine {
 public:
  std::vector<Group> generate(const std::vector<Request>& requests,
                              const SamplingConfig&,
                              uint64_t,
                              const Listener& listener) override {
    std::vector<Group> groups;
    for (size_t r = 0; r < requests.size(); ++r) {
      Completion completion{{1}, {-1.0f}, FinishReason::length, version_, {}};
      groups.push_back({std::vector<Completion>(static_cast<size_t>(requests[r].num_samples), completion)});
      if (listener.on_group) listener.on_group(r, groups.back());
    }
    return groups;
  }
  void publish(uint64_t version) override { version_ = version; }
  uint64_t weight_version() const override { return version_; }
  const EngineStats& stats() const override { return stats_; }

 private:
  uint64_t version_ = 0;
  EngineStats stats_;
};

// bf16 words, as a model has.
class Bytes {
 public:
  explicit Bytes(size_t num_bytes) : tensors_(kTensors) {
    base::Random random(1, "weights");
    for (auto& tensor : tensors_) tensor.resize(num_bytes / kTensors / sizeof(uint16_t));
    change(1.0);
  }
  // A share of the words, anywhere.
  void change(double share) {
    const auto threshold = static_cast<uint64_t>(share * (1 << 24));
    for (auto& tensor : tensors_)
      for (uint16_t& word : tensor)
        if ((state_ = state_ * 6364136223846793005u + 1442695040888963407u) >> 40 < threshold)
          word = static_cast<uint16_t>(word + 1 + (state_ >> 20 & 3));
  }
  template <class Byte>
  std::vector<std::span<Byte>> spans() {
    std::vector<std::span<Byte>> out;
    for (auto& tensor : tensors_)
      out.emplace_back(reinterpret_cast<Byte*>(tensor.data()), tensor.size() * sizeof(uint16_t));
    return out;
  }

 private:
  uint64_t state_ = 1;
  std::vector<std::vector<uint16_t>> tensors_;
};

class Source final : public ModelSource {
 public:
  explicit Source(size_t num_bytes) : bytes(num_bytes) {}
  Welcome welcome() const override {
    return {.run = "bench", .model_config = "{}", .dtype = "bfloat16", .engine_config = "{}"};
  }
  int64_t vocab_size() const override { return 100; }
  std::vector<std::span<const std::byte>> tensors() const override { return bytes.spans<const std::byte>(); }
  void check(const std::vector<Request>&, const SamplingConfig&) const override {}
  Engine& local() override { return engine; }
  mutable Bytes bytes;
  InstantEngine engine;
};

class Host final : public ModelHost {
 public:
  explicit Host(size_t num_bytes) : bytes_(num_bytes) {}
  std::vector<std::span<std::byte>> tensors() override { return bytes_.spans<std::byte>(); }
  Engine& engine() override { return engine_; }
  void set_stop(bool) override {}

 private:
  Bytes bytes_;
  InstantEngine engine_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Seconds that a call takes beyond one without new weights; the smallest, the median, the largest.
void measure(
    const char* name, size_t num_bytes, double share, const ServerLinkOptions& server, ClientLinkOptions client) {
  auto link = std::make_unique<ZmqServerLink>(server);
  client.endpoint = link->endpoint();
  Source source(num_bytes);
  RemoteEngine engine(source, std::move(link), {});
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    ZmqClientLink its_link(client);
    run_worker(
        its_link, [&](const Welcome&) { return std::make_unique<Host>(num_bytes); },
        {.threads = base::default_num_threads()}, stop);
  });
  const SamplingConfig sampling{.max_completion_length = 16};
  const auto call = [&] {
    const Clock::time_point start = Clock::now();
    engine.generate({{.prompt = {1}}}, sampling, 1);
    return seconds_since(start);
  };
  call();
  std::vector<double> added;
  for (uint64_t version = 1; version <= kRuns; ++version) {
    source.bytes.change(share);
    engine.publish(version);
    const double with = call();
    added.push_back(with - call());
  }
  stop = true;
  worker.join();
  std::printf("%-14s %4.0f MB, %5.1f %% of the words new: + %.3f s (%.3f .. %.3f)\n", name,
              static_cast<double>(num_bytes) / 1e6, share * 100, median(added),
              *std::min_element(added.begin(), added.end()), *std::max_element(added.begin(), added.end()));
  std::fflush(stdout);
}

}  // namespace

int run(size_t num_bytes, const std::vector<double>& shares) {
  base::set_log_level(base::LogLevel::error);
  const KeyPair trainer = generate_keys(), worker = generate_keys();
  const std::string endpoint = "tcp://127.0.0.1:0";
  for (const double share : shares) {
    measure("without keys", num_bytes, share, {.endpoint = endpoint}, {});
    measure("with CURVE", num_bytes, share,
            {.endpoint = endpoint, .keys = trainer, .allowed = {{worker.public_key, "worker"}}},
            {.keys = worker, .server_key = trainer.public_key});
  }
  return 0;
}

}  // namespace lockstep::rollout::remote

// bench_publish [MB [share of the words that change]]
int main(int argc, char** argv) {
  const size_t megabytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 270;
  std::vector<double> shares = {1.0, 0.1, 0.01};
  if (argc > 2) shares = {std::strtod(argv[2], nullptr)};
  return lockstep::rollout::remote::run(megabytes * 1'000'000, shares);
}
