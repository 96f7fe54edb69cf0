// SPDX-License-Identifier: Apache-2.0
// Appending through a buffer, reading at an offset.
#include "rewards/data/shingle_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::data {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

}  // namespace

ShingleFile::ShingleFile(const std::string& path) : path_(cat(path, ".shingles-", ::getpid())) {
  file_ = base::FileHandle(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file_.number() < 0) base::throw_errno("create file", path_, errno);
  ::unlink(path_.c_str());
}

void ShingleFile::append(std::span<const uint64_t> list) {
  buffer_.append(reinterpret_cast<const char*>(list.data()), list.size_bytes());
  ends_.push_back((ends_.empty() ? 0 : ends_.back()) + list.size());
  if (buffer_.size() < kBufferBytes) return;
  base::write_all(file_, buffer_, path_);
  buffer_.clear();
}

void ShingleFile::read(size_t index, std::vector<uint64_t>& list) {
  if (!buffer_.empty()) base::write_all(file_, buffer_, path_);
  buffer_.clear();
  const uint64_t begin = index == 0 ? 0 : ends_[index - 1];
  list.resize(ends_[index] - begin);
  size_t done = 0;
  const size_t bytes = list.size() * sizeof(uint64_t);
  while (done < bytes) {
    const ssize_t count = ::pread(file_.number(), reinterpret_cast<char*>(list.data()) + done, bytes - done,
                                  static_cast<off_t>(begin * sizeof(uint64_t) + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) base::throw_errno("read file", path_, errno);
    LOCKSTEP_CHECK(count > 0, "the scratch file is shorter than what was written");
    done += static_cast<size_t>(count);
  }
}

}  // namespace lockstep::rewards::data
