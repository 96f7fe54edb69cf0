// SPDX-License-Identifier: Apache-2.0
// New lines since the last look, whether the file grew or became another.
#include "cli/report/line_follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/file_handle.h"

namespace lockstep::cli::report {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20, kRememberedBytes = 128;

size_t read_at(int file, char* out, size_t bytes, uint64_t offset, const std::string& path) {
  size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::pread(file, out + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) base::throw_errno("read file", path, errno);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

}  // namespace

LineFollower::LineFollower(std::string path, size_t max_line_bytes) : path_(std::move(path)), max_line_bytes_(max_line_bytes) {}

void LineFollower::restart() {
  inode_ = offset_ = 0;
  last_bytes_.clear();
  skips_line_ = false;
  num_too_long_ = 0;
}

bool LineFollower::is_replaced(int file, uint64_t inode, uint64_t size) const {
  if (offset_ == 0) return false;
  if (inode != inode_ || size < offset_) return true;
  std::string bytes(last_bytes_.size(), '\0');
  return read_at(file, bytes.data(), bytes.size(), offset_ - bytes.size(), path_) != bytes.size() || bytes != last_bytes_;
}

// Calls `line` for the whole lines of the chunk; returns how many bytes are done with.
size_t LineFollower::take_lines(std::string_view chunk, const std::function<void(std::string_view)>& line, bool& has_lines) {
  size_t start = 0;
  for (size_t end; (end = chunk.find('\n', start)) != std::string_view::npos; start = end + 1) {
    const auto text = chunk.substr(start, end - start);
    if (!skips_line_ && !text.empty() && text.size() <= max_line_bytes_) {
      line(text);
      has_lines = true;
    } else if (skips_line_ || !text.empty()) {
      ++num_too_long_;
    }
    skips_line_ = false;
  }
  if (chunk.size() - start <= max_line_bytes_) return start;
  skips_line_ = true;
  return chunk.size();
}

LineFollower::Change LineFollower::poll(const std::function<void(std::string_view)>& line) {
  const base::FileHandle file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0 && errno != ENOENT) base::throw_errno("open file", path_, errno);
  struct stat status {};
  const bool is_there = file.number() >= 0;
  if (is_there && ::fstat(file.number(), &status) != 0) base::throw_errno("stat file", path_, errno);
  if (is_there && !S_ISREG(status.st_mode)) throw Error("no regular file", path_, "name the folder of a run");
  const auto size = static_cast<uint64_t>(status.st_size);
  if (is_replaced(file.number(), status.st_ino, is_there ? size : 0)) {
    restart();
    return Change::replaced;
  }
  if (!is_there) return Change::none;
  inode_ = status.st_ino;
  bool has_lines = false;
  std::string buffer;
  // Only up to the size at the start: an end comes even when the writer is faster.
  while (offset_ < size) {
    buffer.resize(std::min<uint64_t>(size - offset_, std::max(kChunkBytes, max_line_bytes_ + 1)));
    buffer.resize(read_at(file.number(), buffer.data(), buffer.size(), offset_, path_));
    const size_t done = take_lines(buffer, line, has_lines);
    if (done == 0) break;  // an unfinished line
    offset_ += done;
    last_bytes_ = buffer.substr(done - std::min(done, kRememberedBytes), std::min(done, kRememberedBytes));
  }
  return has_lines ? Change::appended : Change::none;
}

}  // namespace lockstep::cli::report
