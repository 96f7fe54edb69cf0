// SPDX-License-Identifier: Apache-2.0
// Lists of hashes in a scratch file without a name, so that memory does not grow with the length of texts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/scratch_file.h"

namespace lockstep::rewards::data {

// First append, then finish, then list.
class ShingleFile {
 public:
  explicit ShingleFile(const std::string& path) : file_(path) {}  // as base::ScratchFile

  void append(std::span<const uint64_t> list) {
    file_.append(list.data(), list.size_bytes());
    ends_.push_back(file_.size() / sizeof(uint64_t));
  }
  void finish() { file_.finish(); }
  std::span<const uint64_t> list(size_t index) const {
    const uint64_t begin = index == 0 ? 0 : ends_[index - 1];
    return {reinterpret_cast<const uint64_t*>(file_.data()) + begin, ends_[index] - begin};
  }

 private:
  base::ScratchFile file_;
  std::vector<uint64_t> ends_;  // of each list, in hashes from the start
};

}  // namespace lockstep::rewards::data
