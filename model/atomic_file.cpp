// SPDX-License-Identifier: Apache-2.0
// The temporary neighbour and its rename.
#include "model/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/file.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

std::string temporary_name(const std::string& path) {
  static std::atomic<uint64_t> counter{0};
  return cat(path, ".tmp-", ::getpid(), "-w", counter.fetch_add(1));
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path)
    : path_(path),
      temporary_(temporary_name(path)),
      file_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) {
  if (file_.number() < 0) base::throw_errno("create file", path, errno);
}

AtomicFile::~AtomicFile() {
  if (!is_committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  base::write_all(file_, bytes, path_);
  size_ += bytes.size();
}

void AtomicFile::pad_to(uint64_t alignment, char fill) {
  const uint64_t over = size_ % alignment;
  if (over != 0) write(std::string(alignment - over, fill));
}

void AtomicFile::commit() {
  base::fsync_handle(file_, path_);
  if (file_.close() != 0) base::throw_errno("close file", path_, errno);
  base::rename_path(temporary_, path_);
  is_committed_ = true;
}

}  // namespace lockstep::model
