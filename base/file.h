// SPDX-License-Identifier: Apache-2.0
// Files: bounded reads, writes that survive a crash, JSON lines, checksums.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::base {

// Whole file; Error when it is missing, no regular file, or larger than `max_bytes`.
std::string read_file(const std::string& path, size_t max_bytes = size_t{1} << 30);

// Writes to a temporary neighbour, fsyncs, renames over `path`, fsyncs the folder. Either the old or the new content is
// there after a crash. Disk full and read-only file systems are Errors that name the path and errno.
void write_file_atomic(const std::string& path, std::string_view content);

void make_folders(const std::string& path);                        // like mkdir -p
void fsync_path(const std::string& path);                          // file or folder
void rename_path(const std::string& from, const std::string& to);  // rename, then fsync of the parent
void remove_tree(const std::string& path);                         // like rm -rf; does not follow symlinks

// Calls `row(line, number)` for each non-empty line, number from 1. A line above `max_line_bytes` is an Error.
void for_each_line(const std::string& path,
                   const std::function<void(std::string_view line, size_t number)>& row,
                   size_t max_line_bytes = size_t{16} << 20);

// Incremental SHA-256 (FIPS 180-4), for manifests and for the hash of final weights.
class Sha256 {
 public:
  Sha256();
  void update(const void* data, size_t bytes);
  std::string hex();  // lower-case; the object is finished afterwards

 private:
  void blocks(const uint8_t* data, size_t count);  // of 64 bytes
  uint32_t state_[8];
  uint64_t bytes_ = 0;
  uint8_t buffer_[64];
  size_t buffered_ = 0;
};
std::string sha256_hex(std::string_view data);
std::string sha256_file(const std::string& path);

// Read-only memory map of a whole file; empty files are Errors.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace lockstep::base
