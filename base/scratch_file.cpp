// SPDX-License-Identifier: Apache-2.0
// Appending through a buffer, reading through a map.
#include "base/scratch_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace lockstep::base {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

}  // namespace

ScratchFile::ScratchFile(const std::string& path) : path_(cat(path, ".scratch-", ::getpid())) {
  file_ = FileHandle(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file_.number() < 0) throw_errno("create file", path_, errno);
  ::unlink(path_.c_str());
}

ScratchFile::~ScratchFile() {
  if (map_ != nullptr) ::munmap(map_, size_);
}

void ScratchFile::write_buffer() {
  write_all(file_, buffer_, path_);
  buffer_.clear();
}

void ScratchFile::append(const void* data, size_t bytes) {
  buffer_.append(static_cast<const char*>(data), bytes);
  size_ += bytes;
  if (buffer_.size() >= kBufferBytes) write_buffer();
}

void ScratchFile::finish() {
  write_buffer();
  if (size_ == 0) return;
  void* map = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_.number(), 0);
  if (map == MAP_FAILED) throw_errno("map file", path_, errno);
  map_ = static_cast<char*>(map);
}

}  // namespace lockstep::base
