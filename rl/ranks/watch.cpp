// SPDX-License-Identifier: Apache-2.0
// Signs of life over a shared board.
#include "rl/ranks/watch.h"

#include <chrono>
#include <exception>
#include <vector>

#include "base/text.h"

namespace lockstep::rl::ranks {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr Seconds kPeriod{1.0};
constexpr Seconds kGrace{2.0};  // for the main thread to say it first, with what it was doing
constexpr const char* kFailed = "failed";

std::string beat_key(int rank) { return cat("beat/", rank); }

}  // namespace

struct Watch::Seen {
  std::vector<std::string> beats;
  std::vector<Clock::time_point> since;
  int64_t own = 0;
};

Watch::Watch(std::unique_ptr<Board> board, int rank, int size, double timeout_s, std::function<void(const std::string&)> on_death)
    : board_(std::move(board)), rank_(rank), size_(size), timeout_s_(timeout_s), on_death_(std::move(on_death)), thread_([this] { run(); }) {}

Watch::~Watch() { stop(); }

void Watch::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string Watch::look(Seen& seen) {
  const auto now = Clock::now();
  try {
    const std::lock_guard lock(board_mutex_);
    board_->write(beat_key(rank_), std::to_string(++seen.own));
    if (auto told = board_->read(kFailed); !told.empty()) return told;
    for (int r = 0; r < size_; ++r) {
      const auto i = static_cast<size_t>(r);
      const auto beat = board_->read(beat_key(r));
      if (beat != seen.beats[i]) {
        seen.beats[i] = beat;
        seen.since[i] = now;
      }
    }
  } catch (const std::exception& error) {
    return cat("rank 0, which holds what the ranks share, does not answer: ", std::string_view(error.what()).substr(0, std::string_view(error.what()).find('\n')));
  }
  for (int r = 0; r < size_; ++r) {
    const Seconds silence = now - seen.since[static_cast<size_t>(r)];
    if (r != rank_ && silence.count() > timeout_s_)
      return cat("rank ", r, " has given no sign of life for ", base::fixed(silence.count(), 0), " s");
  }
  return "";
}

void Watch::run() {
  Seen seen{std::vector<std::string>(static_cast<size_t>(size_)), std::vector<Clock::time_point>(static_cast<size_t>(size_), Clock::now())};
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    auto cause = look(seen);
    lock.lock();
    if (!cause.empty()) {
      cause_ = std::move(cause);
      changed_.notify_all();
      // The main thread may be about to say the same with more detail, or be waiting to hear it.
      changed_.wait_for(lock, kGrace, [this] { return is_stopping_; });
      if (is_stopping_ || num_waiting_ > 0) return;
      const std::string told = cause_;
      lock.unlock();
      on_death_(told);
      return;
    }
    changed_.wait_for(lock, kPeriod, [this] { return is_stopping_; });
  }
}

std::string Watch::cause(double seconds) {
  std::unique_lock lock(mutex_);
  ++num_waiting_;  // for good: whoever asks is about to end the process
  changed_.wait_for(lock, Seconds(seconds), [this] { return !cause_.empty() || is_stopping_; });
  return cause_;
}

void Watch::tell(const std::string& cause) noexcept {
  try {
    const std::lock_guard lock(board_mutex_);
    board_->write_once(kFailed, cause);
  } catch (const std::exception&) {  // whoever holds the board is gone: the others see that themselves
  }
}

}  // namespace lockstep::rl::ranks
