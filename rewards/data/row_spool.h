// SPDX-License-Identifier: Apache-2.0
// Rows as lines in a scratch file without a name, to be read again in any order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_handle.h"

namespace lockstep::rewards::data {

// First append, then finish, then row. Memory: 8 bytes a row, and a buffer.
class RowSpool {
 public:
  // A new file beside `path`, unlinked at once: it is gone with the process, however that ends.
  explicit RowSpool(const std::string& path);

  void append(std::string_view line);
  void finish();
  size_t size() const { return ends_.size(); }
  std::string row(size_t index) const;

 private:
  std::string path_;
  base::FileHandle file_;
  std::string buffer_;          // what is not written yet
  std::vector<uint64_t> ends_;  // of each row, in bytes from the start
};

}  // namespace lockstep::rewards::data
