// SPDX-License-Identifier: Apache-2.0
// Lists of hashes in a scratch file without a name, so that memory does not grow with the length of texts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/file_handle.h"

namespace lockstep::rewards::data {

// First append, then finish, then list.
class ShingleFile {
 public:
  // A new file `path`, unlinked at once: it is gone with the process, however that ends.
  explicit ShingleFile(const std::string& path);
  ~ShingleFile();
  ShingleFile(const ShingleFile&) = delete;
  ShingleFile& operator=(const ShingleFile&) = delete;

  void append(std::span<const uint64_t> list);
  void finish();  // maps the file: its pages are the kernel's to keep or to drop
  std::span<const uint64_t> list(size_t index) const;

 private:
  void write_buffer();
  std::string path_;
  base::FileHandle file_;
  std::vector<uint64_t> buffer_;  // what is not written yet
  std::vector<uint64_t> ends_;    // of each list, in hashes from the start
  const uint64_t* map_ = nullptr;
};

}  // namespace lockstep::rewards::data
