// SPDX-License-Identifier: Apache-2.0
// Lists of hashes in a scratch file without a name, so that memory does not grow with the length of texts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/file_handle.h"

namespace lockstep::rewards::data {

class ShingleFile {
 public:
  // A new file `path`, unlinked at once: it is gone with the process, however that ends.
  explicit ShingleFile(const std::string& path);
  void append(std::span<const uint64_t> list);
  void read(size_t index, std::vector<uint64_t>& list);
  size_t size() const { return ends_.size(); }

 private:
  std::string path_;
  base::FileHandle file_;
  std::string buffer_;          // what is not written yet
  std::vector<uint64_t> ends_;  // of each list, in hashes from the start
};

}  // namespace lockstep::rewards::data
