// SPDX-License-Identifier: Apache-2.0
// The temporary neighbour and its rename.
#include "base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

constexpr std::string_view kMark = ".tmp-";

// Does the name end in ".tmp-PID-COUNTER"?
bool is_temporary(const std::string& name) {
  const size_t mark = name.rfind(kMark);
  if (mark == std::string::npos || mark == 0) return false;
  const std::string id = name.substr(mark + kMark.size());
  const size_t dash = id.find('-');
  const auto is_number = [](const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  return dash != std::string::npos && is_number(id.substr(0, dash)) && is_number(id.substr(dash + 1));
}

// A name that a killed process left is passed over: in a container the next process often has the same PID.
FileHandle create_neighbour(const std::string& path, std::string& name) {
  static std::atomic<uint64_t> counter{0};
  for (;;) {
    name = cat(path, kMark, ::getpid(), "-", counter.fetch_add(1));
    FileHandle file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (file.number() >= 0) return file;
    if (errno != EEXIST) throw_errno("create file", path, errno);
  }
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(path), file_(create_neighbour(path, temporary_)) {}

AtomicFile::~AtomicFile() {
  if (!is_committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  write_all(file_, bytes, path_);
  size_ += bytes.size();
}

void AtomicFile::pad_to(uint64_t alignment, char fill) {
  const uint64_t over = size_ % alignment;
  if (over != 0) write(std::string(alignment - over, fill));
}

void AtomicFile::commit() {
  fsync_handle(file_, path_);
  if (file_.close() != 0) throw_errno("close file", path_, errno);
  rename_path(temporary_, path_);
  is_committed_ = true;
}

void remove_unfinished(const std::string& folder) {
  std::error_code code;
  std::vector<std::string> unfinished;
  for (std::filesystem::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code is_gone;
    if (is_temporary(entry->path().filename().string()) && entry->is_regular_file(is_gone)) unfinished.push_back(entry->path().string());
  }
  if (code && code != std::errc::no_such_file_or_directory) throw_errno("list folder", folder, code.value());
  for (const auto& file : unfinished) remove_tree(file);
}

}  // namespace lockstep::base
