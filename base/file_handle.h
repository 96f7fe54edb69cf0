// SPDX-License-Identifier: Apache-2.0
// A file descriptor that closes itself, and the calls on it that turn errno into Error.
#pragma once

#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

namespace lockstep::base {

class FileHandle {
 public:
  explicit FileHandle(int number = -1) : number_(number) {}
  FileHandle(FileHandle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle() { close(); }

  int number() const { return number_; }  // below 0: not open
  // What close(2) returned; 0 when nothing was open. Network file systems report a failed write only here.
  int close() {
    const int number = std::exchange(number_, -1);
    return number < 0 ? 0 : ::close(number);
  }

 private:
  int number_;
};

// An action for the user that fits the errno value.
std::string fix_for_errno(int code);
// Throws Error{"cannot <action>: <meaning of code>", path, fix_for_errno(code)}.
[[noreturn]] void throw_errno(std::string_view action, const std::string& path, int code);

// Opens a regular file; a folder, pipe or device is an Error, and no open waits.
FileHandle open_to_read(const std::string& path);
// Up to `bytes` bytes; 0 at the end of the file. `path` appears in the Error.
size_t read_some(const FileHandle& file, char* buffer, size_t bytes, const std::string& path);
void write_all(const FileHandle& file, std::string_view content, const std::string& path);
void fsync_handle(const FileHandle& file, const std::string& path);

}  // namespace lockstep::base
