// SPDX-License-Identifier: Apache-2.0
// Rows are appended whole or not at all, and torn ends are cut off when the file is opened.
#include "base/jsonl.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

size_t size_of(const FileHandle& file, const std::string& path) {
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw_errno("stat file", path, errno);
  if (!S_ISREG(status.st_mode)) throw Error("no regular file", path, "name a file, no folder, pipe or device");
  return static_cast<size_t>(status.st_size);
}

void cut(const FileHandle& file, size_t bytes, const std::string& path) {
  if (::ftruncate(file.number(), static_cast<off_t>(bytes)) != 0) throw_errno("truncate file", path, errno);
}

// The offset just behind the last newline.
size_t end_of_rows(const FileHandle& file, size_t size, const std::string& path) {
  std::array<char, 1 << 16> buffer;
  while (size > 0) {
    const size_t count = std::min(size, buffer.size());
    const ssize_t got = ::pread(file.number(), buffer.data(), count, static_cast<off_t>(size - count));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read file", path, errno);
    if (static_cast<size_t>(got) < count)
      throw Error("file shrank while it was read", path, "let one process write it");
    const size_t newline = std::string_view(buffer.data(), count).rfind('\n');
    if (newline != std::string_view::npos) return size - count + newline + 1;
    size -= count;
  }
  return 0;
}

}  // namespace

JsonlWriter::JsonlWriter(std::string path) : path_(std::move(path)) { open(); }

void JsonlWriter::open() {
  file_ = FileHandle(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644));
  if (file_.number() < 0) throw_errno("open file", path_, errno);
  const size_t size = size_of(file_, path_);
  if (const size_t end = end_of_rows(file_, size, path_); end < size) cut(file_, end, path_);
}

void JsonlWriter::write(const Json& row) {
  std::string line;
  try {
    line = row.dump() + "\n";
  } catch (const Json::type_error&) {
    throw Error("the row holds ill-formed UTF-8", path_, "repair the text (repair_utf8) before it is written");
  }
  const size_t size = size_of(file_, path_);
  try {
    write_all(file_, line, path_);
  } catch (const Error&) {
    cut(file_, size, path_);
    throw;
  }
}

void JsonlWriter::flush() { fsync_handle(file_, path_); }

void JsonlWriter::truncate_after(const std::function<bool(const Json& row)>& keep) {
  std::string kept;
  for_each_line(path_, [&](std::string_view line, size_t number) {
    if (keep(parse_json(line, cat(path_, ":", number)))) kept.append(line) += '\n';
  });
  write_file_atomic(path_, kept);
  open();
}

}  // namespace lockstep::base
