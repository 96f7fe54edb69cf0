// SPDX-License-Identifier: Apache-2.0
// The loop of the keeper's thread: requests through an eventfd, output through poll.
#include "rewards/plugins/keeper.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <exception>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "rewards/plugins/output_lines.h"

namespace lockstep::rewards::plugins {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;
constexpr size_t kLastReads = 16;  // at the end at most this many: a pipe holds 64 KiB, and others may still write

}  // namespace

struct Keeper::Impl {
  struct Output {
    base::FileHandle pipe;
    OutputLines lines;
  };

  explicit Impl(std::function<void(const std::string&)> line_sink)
      : sink(std::move(line_sink)), wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread([this] { run(); }) {}
  ~Impl() {
    ask([this] { is_stopping = true; });
    thread.join();
  }

  void ask(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex);
      tasks.push_back(std::move(task));
    }
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake.number(), &one, sizeof one);
  }

  void run() {
    while (!is_stopping) {
      std::vector<pollfd> entries = {{wake.number(), POLLIN, 0}};
      std::vector<const Child*> children;
      for (const auto& [child, output] : outputs) {
        entries.push_back({output.pipe.number(), POLLIN, 0});
        children.push_back(child);
      }
      ::poll(entries.data(), entries.size(), -1);
      for (size_t i = 0; i < children.size(); ++i) {
        if (entries[i + 1].revents != 0 && !read_once(outputs.at(children[i]))) close(children[i]);
      }
      if (entries[0].revents != 0) do_tasks();
    }
  }

  void do_tasks() {
    uint64_t count;
    [[maybe_unused]] const ssize_t bytes = ::read(wake.number(), &count, sizeof count);
    std::deque<std::function<void()>> now;
    {
      const std::lock_guard lock(mutex);
      now.swap(tasks);
    }
    for (const auto& task : now) task();
  }

  // False at the end of the pipe.
  bool read_once(Output& output) {
    const ssize_t bytes = ::read(output.pipe.number(), buffer.data(), buffer.size());
    if (bytes > 0) output.lines.append({buffer.data(), static_cast<size_t>(bytes)});
    return bytes > 0 || (bytes < 0 && (errno == EAGAIN || errno == EINTR));
  }

  void close(const Child* child) {
    const auto found = outputs.find(child);
    if (found == outputs.end()) return;
    found->second.lines.finish();
    outputs.erase(found);
  }

  void drain_and_close(const Child* child) {
    const auto found = outputs.find(child);
    if (found == outputs.end()) return;
    pollfd entry{found->second.pipe.number(), POLLIN, 0};
    for (size_t i = 0; i < kLastReads && ::poll(&entry, 1, 0) > 0 && read_once(found->second); ++i) continue;
    close(child);
  }

  std::function<void(const std::string&)> sink;
  base::FileHandle wake;
  std::mutex mutex;
  std::deque<std::function<void()>> tasks;  // produced by callers / consumed by the thread / bounded by the callers, who wait
  std::map<const Child*, Output> outputs;   // the thread's own
  std::array<char, kReadBytes> buffer{};
  bool is_stopping = false;  // the thread's own
  std::thread thread;        // last: it uses the rest
};

Keeper::Keeper(std::function<void(const std::string&)> sink) : impl_(std::make_unique<Impl>(std::move(sink))) {}
Keeper::~Keeper() = default;

std::unique_ptr<Child> Keeper::start(const std::vector<std::string>& argv) {
  std::promise<std::unique_ptr<Child>> promise;
  std::optional<Error> problem;  // a copy: an exception object that two threads share is one that either may destroy
  impl_->ask([&] {
    try {
      auto child = std::make_unique<Child>(argv);
      impl_->outputs.emplace(child.get(), Impl::Output{child->take_output(), OutputLines(impl_->sink)});
      promise.set_value(std::move(child));
    } catch (const Error& error) {
      problem = error;
      promise.set_value(nullptr);
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  });
  auto child = promise.get_future().get();
  if (problem) throw Error(*problem);
  return child;
}

void Keeper::new_call(const Child& child) {
  impl_->ask([this, key = &child] {
    if (const auto found = impl_->outputs.find(key); found != impl_->outputs.end()) found->second.lines.new_call();
  });
}

void Keeper::finish(const Child& child) {
  std::promise<void> done;
  impl_->ask([&] {
    impl_->drain_and_close(&child);
    done.set_value();
  });
  done.get_future().get();
}

}  // namespace lockstep::rewards::plugins
