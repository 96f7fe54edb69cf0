// SPDX-License-Identifier: Apache-2.0
// A file written piece by piece that appears under its name only when it is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/file_handle.h"

namespace lockstep::base {

// Nothing is seen under `path` before commit; the temporary neighbour PATH.tmp-PID-COUNTER is removed when commit is not reached.
// Errors name `path`.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void write(const void* data, size_t bytes) {
    write(std::string_view(static_cast<const char*>(data), bytes));
  }
  void pad_to(uint64_t alignment, char fill = '\0');  // up to the next multiple of `alignment`
  uint64_t size() const { return size_; }
  void commit();  // fsync, rename, fsync of the folder

 private:
  std::string path_, temporary_;
  FileHandle file_;
  uint64_t size_ = 0;
  bool is_committed_ = false;
};

// Removes the temporary neighbours that killed writers left in `folder`, not in the folders below it; nothing when there is no
// such folder, an Error when it cannot be read. For the one process that writes there.
void remove_unfinished(const std::string& folder);

}  // namespace lockstep::base
