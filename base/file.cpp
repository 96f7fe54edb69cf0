// SPDX-License-Identifier: Apache-2.0
// Reading and writing through POSIX calls, because streams hide errno and cannot fsync.
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file_handle.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

std::string fix_for_errno(int code) {
  switch (code) {
    case ENOENT:
      return "check the path";
    case EACCES:
    case EPERM:
      return "change the permissions, or choose another path";
    case EROFS:
      return "the file system is read-only: choose another path";
    case ENOSPC:
    case EDQUOT:
      return "free disk space, or choose another path";
    case EFBIG:
      return "raise the limit of file sizes (ulimit -f), or choose another file system";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case EISDIR:
    case ENOTDIR:
      return "check which part of the path is a file and which a folder";
    default:
      return "check the path and the health of its file system";
  }
}

void throw_errno(std::string_view action, const std::string& path, int code) {
  throw Error(cat("cannot ", action, ": ", std::generic_category().message(code)), path, fix_for_errno(code));
}

FileHandle open_to_read(const std::string& path) {
  // O_NONBLOCK: opening a FIFO without a writer would wait for ever; regular files ignore it.
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) throw_errno("open file", path, errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw_errno("stat file", path, errno);
  if (!S_ISREG(status.st_mode)) throw Error("no regular file", path, "name a file, no folder, pipe or device");
  return file;
}

size_t read_some(const FileHandle& file, char* buffer, size_t bytes, const std::string& path) {
  for (;;) {
    const ssize_t count = ::read(file.number(), buffer, bytes);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) throw_errno("read file", path, errno);
  }
}

void write_all(const FileHandle& file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(file.number(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("write file", path, errno);
    content.remove_prefix(static_cast<size_t>(count));
  }
}

void fsync_handle(const FileHandle& file, const std::string& path) {
  if (::fsync(file.number()) != 0) throw_errno("fsync", path, errno);
}

std::string read_file(const std::string& path, size_t max_bytes) {
  const FileHandle file = open_to_read(path);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw_errno("stat file", path, errno);
  std::string content;
  content.reserve(std::min(static_cast<size_t>(status.st_size), max_bytes));
  std::array<char, 1 << 16> buffer;
  while (const size_t count = read_some(file, buffer.data(), buffer.size(), path)) {
    if (count > max_bytes - content.size() || static_cast<size_t>(status.st_size) > max_bytes) {
      throw Error(cat("file is larger than the limit of ", max_bytes, " bytes"), path, "give a smaller file");
    }
    content.append(buffer.data(), count);
  }
  return content;
}

void write_file_atomic(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void make_folders(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) throw_errno("make folder", path, code.value());
}

void fsync_path(const std::string& path) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) throw_errno("open for fsync", path, errno);
  fsync_handle(file, path);
}

void rename_path(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_errno(cat("rename ", from), to, errno);
  fsync_path(parent_of(to));
  if (parent_of(from) != parent_of(to)) fsync_path(parent_of(from));
}

void remove_tree(const std::string& path) {
  std::error_code code;
  std::filesystem::remove_all(path, code);
  if (code) throw_errno("remove", path, code.value());
}

void for_each_line(const std::string& path,
                   const std::function<void(std::string_view line, size_t number)>& row,
                   size_t max_line_bytes) {
  const FileHandle file = open_to_read(path);
  std::string line;
  size_t number = 1;
  const auto extend = [&](std::string_view part) {
    if (part.size() > max_line_bytes - line.size()) {
      throw Error(cat("line is longer than the limit of ", max_line_bytes, " bytes"), cat(path, ":", number),
                  "shorten or remove the line");
    }
    line += part;
  };
  const auto finish = [&] {
    std::string_view text = line;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!text.empty()) row(text, number);
    line.clear();
    ++number;
  };
  std::array<char, 1 << 16> buffer;
  while (const size_t count = read_some(file, buffer.data(), buffer.size(), path)) {
    std::string_view rest(buffer.data(), count);
    for (size_t end; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1)) {
      extend(rest.substr(0, end));
      finish();
    }
    extend(rest);
  }
  finish();
}

}  // namespace lockstep::base
