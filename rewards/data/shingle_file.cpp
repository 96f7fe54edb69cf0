// SPDX-License-Identifier: Apache-2.0
// Appending through a buffer, reading through a map.
#include "rewards/data/shingle_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::data {
namespace {

constexpr size_t kBufferHashes = size_t{1} << 17;

}  // namespace

ShingleFile::ShingleFile(const std::string& path) : path_(cat(path, ".shingles-", ::getpid())) {
  file_ = base::FileHandle(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file_.number() < 0) base::throw_errno("create file", path_, errno);
  ::unlink(path_.c_str());
}

ShingleFile::~ShingleFile() {
  if (map_ != nullptr) ::munmap(const_cast<uint64_t*>(map_), ends_.back() * sizeof(uint64_t));
}

void ShingleFile::write_buffer() {
  base::write_all(file_, {reinterpret_cast<const char*>(buffer_.data()), buffer_.size() * sizeof(uint64_t)}, path_);
  buffer_.clear();
}

void ShingleFile::append(std::span<const uint64_t> list) {
  buffer_.insert(buffer_.end(), list.begin(), list.end());
  ends_.push_back((ends_.empty() ? 0 : ends_.back()) + list.size());
  if (buffer_.size() >= kBufferHashes) write_buffer();
}

void ShingleFile::finish() {
  write_buffer();
  if (ends_.empty() || ends_.back() == 0) return;
  void* map = ::mmap(nullptr, ends_.back() * sizeof(uint64_t), PROT_READ, MAP_SHARED, file_.number(), 0);
  if (map == MAP_FAILED) base::throw_errno("map file", path_, errno);
  map_ = static_cast<const uint64_t*>(map);
}

std::span<const uint64_t> ShingleFile::list(size_t index) const {
  const uint64_t begin = index == 0 ? 0 : ends_[index - 1];
  return {map_ + begin, ends_[index] - begin};
}

}  // namespace lockstep::rewards::data
