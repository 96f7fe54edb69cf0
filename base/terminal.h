// SPDX-License-Identifier: Apache-2.0
// stderr as log and progress share it: whole lines, and at most one status line that lines do not tear.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace lockstep::base {

class Terminal {
 public:
  static Terminal& instance();  // stderr is one per process, so its owner is too

  bool is_tty() const;
  size_t width() const;  // characters of a row; 80 when the terminal does not say

  void print_line(std::string_view line);        // above the status line, which is drawn again
  void show_status(std::string_view line);       // TTY only: replaces the status line
  void end_status(std::string_view final_line);  // prints it as a plain line in the status line's place

 private:
  Terminal() = default;
  std::mutex mutex_;  // guards status_ and the order of writes
  std::string status_;
};

}  // namespace lockstep::base
