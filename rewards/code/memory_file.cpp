// SPDX-License-Identifier: Apache-2.0
// Making, sealing and reading files in memory.
#include "rewards/code/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/spawn.h"

namespace lockstep::rewards::code {
namespace {

constexpr const char* kName = "lockstep sandbox file";
constexpr int kExecutable = 0x10;  // MFD_EXEC of Linux 6.3, which Debian 12's headers do not have yet

}  // namespace

base::FileHandle empty_memory_file() {
  base::FileHandle file(::memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING | kExecutable));
  if (file.number() < 0 && errno == EINVAL) {
    file = base::FileHandle(::memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  }
  if (file.number() < 0) base::throw_errno("make a file in memory", kName, errno);
  return base::move_up(std::move(file));
}

base::FileHandle sealed_memory_file(std::string_view content) {
  base::FileHandle file = empty_memory_file();
  base::write_all(file, content, kName);
  if (!seal(file)) base::throw_errno("seal a file in memory", kName, errno);
  ::lseek(file.number(), 0, SEEK_SET);
  return file;
}

bool seal(const base::FileHandle& file) {
  return ::fcntl(file.number(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
}

std::string read_memory_file(const base::FileHandle& file, size_t max_bytes) {
  struct stat facts = {};
  if (::fstat(file.number(), &facts) != 0) base::throw_errno("read", kName, errno);
  std::string content(std::min(static_cast<size_t>(facts.st_size), max_bytes), '\0');
  size_t count = 0;
  while (count < content.size()) {
    const ssize_t got =
        ::pread(file.number(), content.data() + count, content.size() - count, static_cast<off_t>(count));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) base::throw_errno("read", kName, errno);
    if (got == 0) break;
    count += static_cast<size_t>(got);
  }
  content.resize(count);
  return content;
}

}  // namespace lockstep::rewards::code
