// SPDX-License-Identifier: Apache-2.0
// The lock of a folder: one holder, and none after its death.
#include "base/folder_lock.h"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <csignal>

#include "base/file.h"
#include "tests/base/error_of.h"
#include "tests/base/faults.h"
#include "tests/base/temp_folder.h"

namespace lockstep::base {
namespace {

TEST_CASE("folder lock: a second holder is refused until the first lets go") {
  const TempFolder scratch;
  const std::string folder = scratch / "new/run";
  {
    const auto lock = lock_folder(folder);
    const Error error = error_of([&] { lock_folder(folder); });
    CHECK(error.what_happened() == "another process works in this folder");
    CHECK(error.where() == folder + "/lock");
    CHECK(contains(error.fix(), "output_dir of its own"));
    CHECK_NOTHROW(lock_folder(scratch / "other"));
  }
  CHECK_NOTHROW(lock_folder(folder));
}

TEST_CASE("folder lock: a process that was killed holds nothing") {
  const TempFolder scratch;
  const pid_t child = start_child([&] {
    const auto lock = lock_folder(scratch.path());
    write_file_atomic(scratch / "held", "");
    for (;;) ::pause();
    return 0;
  });
  for (int i = 0; i < 10'000 && ::access((scratch / "held").c_str(), F_OK) != 0; ++i) ::usleep(1000);
  CHECK_THROWS_AS(lock_folder(scratch.path()), Error);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK_NOTHROW(lock_folder(scratch.path()));
}

}  // namespace
}  // namespace lockstep::base
