// SPDX-License-Identifier: Apache-2.0
// Rows as lines in a scratch file without a name, to be read again in any order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/scratch_file.h"

namespace lockstep::rewards::data {

// First append, then finish, then row. Memory: 8 bytes a row, and a buffer.
class RowSpool {
 public:
  explicit RowSpool(const std::string& path) : file_(path) {}  // as base::ScratchFile

  void append(std::string_view line) {
    file_.append(line.data(), line.size());
    ends_.push_back(file_.size());
  }
  void finish() { file_.finish(); }
  size_t size() const { return ends_.size(); }
  // Of the row; valid as long as the spool is.
  std::string_view row(size_t index) const {
    const uint64_t begin = index == 0 ? 0 : ends_[index - 1];
    return {file_.data() + begin, ends_[index] - begin};
  }

 private:
  base::ScratchFile file_;
  std::vector<uint64_t> ends_;  // of each row, in bytes from the start
};

}  // namespace lockstep::rewards::data
