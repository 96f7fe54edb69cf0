// SPDX-License-Identifier: Apache-2.0
// flock(2) on a file of the folder.
#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace lockstep::base {

FileHandle lock_folder(const std::string& folder) {
  make_folders(folder);
  const std::string path = folder + "/lock";
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file.number() < 0) throw_errno("open", path, errno);
  if (::flock(file.number(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK)
    throw Error("another process works in this folder", path, "wait for it or stop it, or give this run an output_dir of its own");
  log_warn(cat("no lock on ", path, " (", std::generic_category().message(errno), "): see to it that no second process works in this folder"));
  return file;
}

}  // namespace lockstep::base
