// SPDX-License-Identifier: Apache-2.0
// Appending through a buffer, reading by offset.
#include "rewards/data/row_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::data {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

}  // namespace

RowSpool::RowSpool(const std::string& path) : path_(cat(path, ".rows-", ::getpid())) {
  file_ = base::FileHandle(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file_.number() < 0) base::throw_errno("create file", path_, errno);
  ::unlink(path_.c_str());
}

void RowSpool::append(std::string_view line) {
  buffer_ += line;
  ends_.push_back((ends_.empty() ? 0 : ends_.back()) + line.size());
  if (buffer_.size() < kBufferBytes) return;
  base::write_all(file_, buffer_, path_);
  buffer_.clear();
}

void RowSpool::finish() {
  base::write_all(file_, buffer_, path_);
  buffer_.clear();
}

std::string RowSpool::row(size_t index) const {
  const uint64_t begin = index == 0 ? 0 : ends_[index - 1];
  std::string line(ends_[index] - begin, '\0');
  for (size_t at = 0; at < line.size();) {
    const ssize_t bytes = ::pread(file_.number(), line.data() + at, line.size() - at, static_cast<off_t>(begin + at));
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) base::throw_errno("read file", path_, errno);
    if (bytes == 0) throw Error("the scratch file is shorter than what was written to it", path_, "let nothing write there; look at the disk");
    at += static_cast<size_t>(bytes);
  }
  return line;
}

}  // namespace lockstep::rewards::data
