// SPDX-License-Identifier: Apache-2.0
// A file without a name for what is too large for memory: appended to, then read through a map.
#pragma once

#include <cstddef>
#include <string>

#include "base/file_handle.h"

namespace lockstep::base {

// First append, then finish, then data.
class ScratchFile {
 public:
  // A new file `path` with the process's number behind it, unlinked at once: it is gone with the process, however that ends.
  explicit ScratchFile(const std::string& path);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  void append(const void* data, size_t bytes);
  void finish();  // maps the file: its pages are the kernel's to keep or to drop
  const char* data() const { return map_; }  // aligned to a page; null for an empty file
  size_t size() const { return size_; }      // bytes appended

 private:
  void write_buffer();
  std::string path_, buffer_;  // what is not written yet
  FileHandle file_;
  size_t size_ = 0;
  char* map_ = nullptr;
};

}  // namespace lockstep::base
