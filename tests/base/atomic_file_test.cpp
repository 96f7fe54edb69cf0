// SPDX-License-Identifier: Apache-2.0
// Files in pieces: seen when complete, and never stopped by what a killed process left.
#include "base/atomic_file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/text.h"
#include "tests/base/error_of.h"
#include "tests/base/temp_folder.h"

namespace lockstep::base {
namespace {

TEST_CASE("atomic file: nothing is seen before commit, and without commit nothing stays") {
  const TempFolder folder;
  const std::string path = folder / "x";
  write_file_atomic(path, "old");
  {
    AtomicFile file(path);
    file.write("half");
    CHECK(read_file(path) == "old");
  }
  CHECK(read_file(path) == "old");
  CHECK(folder.num_entries() == 1);
  AtomicFile file(path);
  file.write("new");
  file.pad_to(8, '.');
  file.commit();
  CHECK(file.size() == 8);
  CHECK(read_file(path) == "new.....");
  CHECK(folder.num_entries() == 1);
}

// The process that a container starts after a crash often has the PID of the one that was killed.
TEST_CASE("atomic file: neighbours that a killed process of the same PID left stop no write") {
  const TempFolder folder;
  const std::string path = folder / "x";
  const auto next = [&] {  // the counter of the name after this one's
    const AtomicFile file(path);
    const std::string name = std::filesystem::directory_iterator(folder.path())->path().string();
    return std::stoi(name.substr(name.rfind('-') + 1)) + 1;
  }();
  for (int counter = next; counter < next + 3; ++counter) ::close(::creat(cat(path, ".tmp-", ::getpid(), "-", counter).c_str(), 0600));
  CHECK(folder.num_entries() == 3);
  write_file_atomic(path, "whole");
  CHECK(read_file(path) == "whole");
  CHECK(folder.num_entries() == 4);
  remove_unfinished(folder.path());
  CHECK(folder.num_entries() == 1);
}

TEST_CASE("atomic file: only temporary neighbours are removed, and only those of this folder") {
  const TempFolder folder;
  make_folders(folder / "below");
  make_folders(folder / "step_2.tmp-7-1");
  const char* kept[] = {"x", "x.tmp-", "x.tmp-7", "x.tmp-7-", "x.tmp-a-1", "x.tmp-7-1.json", ".tmp-7-1", "x.tmp-7-1-2", "below/x.tmp-7-1"};
  const char* left[] = {"x.tmp-7-1", "model.safetensors.tmp-8865-32", "a.tmp-1-1.tmp-2-0"};
  for (const char* name : kept) write_file_atomic(folder / name, "");
  for (const char* name : left) write_file_atomic(folder / name, "");
  remove_unfinished(folder.path());
  for (const char* name : kept) CHECK_NOTHROW(read_file(folder / name));
  for (const char* name : left) CHECK(::access((folder / name).c_str(), F_OK) != 0);
  CHECK(::access((folder / "step_2.tmp-7-1").c_str(), F_OK) == 0);
  CHECK_NOTHROW(remove_unfinished(folder / "nowhere"));
}

TEST_CASE("atomic file: an Error names the file that was wanted, not its neighbour") {
  const TempFolder folder;
  const Error error = error_of([&] { AtomicFile(folder / "none/x"); });
  CHECK(error.what_happened() == "cannot create file: No such file or directory");
  CHECK(error.where() == folder / "none/x");
  write_file_atomic(folder / "file", "");
  const Error no_folder = error_of([&] { remove_unfinished(folder / "file"); });
  CHECK(no_folder.what_happened() == "cannot list folder: Not a directory");
  CHECK(no_folder.where() == folder / "file");
}

}  // namespace
}  // namespace lockstep::base
