// SPDX-License-Identifier: Apache-2.0
// A read-only memory map; the file must not shrink while it is mapped (the kernel answers such a read with SIGBUS).
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "base/file_handle.h"

namespace lockstep::base {

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const FileHandle file = open_to_read(path);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw_errno("stat file", path, errno);
  if (status.st_size <= 0) throw Error("file is empty", path, "fetch or write the file again");
  size_ = static_cast<size_t>(status.st_size);
  void* const map = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (map == MAP_FAILED) throw_errno("map file", path, errno);
  data_ = static_cast<const uint8_t*>(map);
}

MappedFile::~MappedFile() { ::munmap(const_cast<uint8_t*>(data_), size_); }

}  // namespace lockstep::base
