// SPDX-License-Identifier: Apache-2.0
// Reads the lines of a file that another process appends to, or replaces.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace lockstep::cli::report {

class LineFollower {
 public:
  // A line above `max_line_bytes` is dropped and counted, never held.
  explicit LineFollower(std::string path, size_t max_line_bytes = size_t{4} << 20);

  enum class Change {
    none,      // nothing new, or there is no such file
    appended,  // `line` was called for each new line
    replaced,  // what was read before is no more in the file: forget it, and poll again
  };
  // A line counts once its newline is there; empty ones are left out. Error when the file cannot be read.
  Change poll(const std::function<void(std::string_view line)>& line);

  int64_t num_too_long() const { return num_too_long_; }
  const std::string& path() const { return path_; }

 private:
  bool is_replaced(int file, uint64_t inode, uint64_t size) const;
  void restart();
  size_t take_lines(std::string_view chunk, const std::function<void(std::string_view)>& line, bool& has_lines);

  std::string path_;
  size_t max_line_bytes_;
  uint64_t inode_ = 0, offset_ = 0;
  std::string last_bytes_;  // those before offset_: an inode number may come back with another file
  bool skips_line_ = false;
  int64_t num_too_long_ = 0;
};

}  // namespace lockstep::cli::report
