// SPDX-License-Identifier: Apache-2.0
// The thread of each rank that gives a sign of life, and misses those of the others.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace lockstep::rl::ranks {

// What all ranks write to and read from; a call that cannot be answered throws.
class Board {
 public:
  virtual ~Board() = default;
  virtual void write(const std::string& key, const std::string& value) = 0;
  virtual void write_once(const std::string& key, const std::string& value) = 0;  // the first writer wins
  virtual std::string read(const std::string& key) = 0;                           // "" when nobody has written it
};

class Watch {
 public:
  // `on_death` gets what has happened, once, from the watch's thread.
  Watch(std::unique_ptr<Board> board, int rank, int size, double timeout_s, std::function<void(const std::string& cause)> on_death);
  ~Watch();

  // Why the run cannot go on, as far as is known within `seconds`; "" otherwise. While someone waits here, on_death is not called.
  std::string cause(double seconds);
  void tell(const std::string& cause) noexcept;  // the others
  void stop();                                   // no more signs are given or missed

 private:
  struct Seen;
  void run();
  std::string look(Seen& seen);  // what is wrong; "" when nothing is

  std::unique_ptr<Board> board_;
  const int rank_, size_;
  const double timeout_s_;
  std::function<void(const std::string&)> on_death_;
  std::mutex mutex_, board_mutex_;
  std::condition_variable changed_;
  std::string cause_;
  bool is_stopping_ = false;
  int num_waiting_ = 0;
  std::thread thread_;  // last: it uses the others
};

}  // namespace lockstep::rl::ranks
