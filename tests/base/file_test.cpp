// SPDX-License-Identifier: Apache-2.0
// Files: what survives faults, what is bounded, and what every Error says.
#include "base/file.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/file_handle.h"
#include "base/rng.h"
#include "tests/base/error_of.h"
#include "tests/base/faults.h"
#include "tests/base/temp_folder.h"

namespace lockstep::base {
namespace {

TEST_CASE("file: what is written is read, byte for byte, and replaces what was there") {
  const TempFolder folder;
  const std::string path = folder / "x";
  Random random(1, "file");
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65536}, size_t{200'001}}) {
    std::string content;
    for (size_t i = 0; i < size; ++i) content += static_cast<char>(random.below(256));
    write_file_atomic(path, content);
    CHECK(read_file(path) == content);
  }
  CHECK(folder.num_entries() == 1);  // no temporary neighbour stays
}

TEST_CASE("file: a write that fails half way leaves the old content and no neighbour") {
  const TempFolder folder;
  const std::string path = folder / "x";
  write_file_atomic(path, "old");
  const Error error = error_of([&] {
    const FileSizeLimit limit(1000);
    write_file_atomic(path, std::string(5000, 'n'));
  });
  CHECK(error.what_happened() == "cannot write file: File too large");
  CHECK(error.where() == path);
  CHECK(contains(error.fix(), "ulimit -f"));
  CHECK(read_file(path) == "old");
  CHECK(folder.num_entries() == 1);
}

TEST_CASE("file: a full disk is an Error that says so, and keeps the old content") {
  const TempFolder folder;
  constexpr int kNotPermitted = 77;
  const pid_t child = start_child([&] {
    // Its own mounts, private to the child: they go with it.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
      return kNotPermitted;
    }
    const std::string path = folder / "x";
    write_file_atomic(path, "old");
    const Error error = error_of([&] { write_file_atomic(path, std::string(200'000, 'n')); });
    if (!contains(error.what_happened(), "No space left on device")) return 1;
    if (error.where() != path || !contains(error.fix(), "free disk space")) return 2;
    return read_file(path) == "old" && folder.num_entries() == 1 ? 0 : 3;
  });
  const int status = wait_for(child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNotPermitted) {
    MESSAGE("skipped: this system lets no test mount a tmpfs");
  } else {
    CHECK(WEXITSTATUS(status) == 0);
  }
}

TEST_CASE("file: killed at any moment, the old or the new content is there, whole") {
  const TempFolder folder;
  const std::string path = folder / "x", a(300'000, 'a'), b(300'000, 'b');
  write_file_atomic(path, a);
  Random random(2, "kill");
  for (int round = 0; round < 10; ++round) {
    const pid_t child = start_child([&] {
      for (;;) write_file_atomic(path, b), write_file_atomic(path, a);
      return 0;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random.between(500, 20'000)));
    ::kill(child, SIGKILL);
    CHECK(WIFSIGNALED(wait_for(child)));
    const std::string content = read_file(path);
    CHECK((content == a || content == b));
  }
}

TEST_CASE("file: writing into a folder that is missing names path and cause") {
  const TempFolder folder;
  const Error error = error_of([&] { write_file_atomic(folder / "no/x", "y"); });
  CHECK(error.what_happened() == "cannot create file: No such file or directory");
  CHECK(error.where() == folder / "no/x");
  CHECK(error.fix() == "check the path");
}

TEST_CASE("file: what cannot be read is an Error, never a wait") {
  const TempFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  for (const std::string& path : {folder.path(), folder / "pipe", std::string("/dev/null")}) {
    const Error error = error_of([&] { read_file(path); });
    CHECK(error.what_happened() == "no regular file");
    CHECK(error.where() == path);
    CHECK(error.fix() == "name a file, no folder, pipe or device");
    CHECK(error_of([&] { MappedFile map(path); }).what_happened() == "no regular file");
  }
  const Error missing = error_of([&] { read_file(folder / "none"); });
  CHECK(missing.what_happened() == "cannot open file: No such file or directory");
  CHECK(missing.where() == folder / "none");
}

TEST_CASE("file: a file above the limit is refused, one at the limit read") {
  const TempFolder folder;
  write_file_atomic(folder / "x", "12345");
  CHECK(read_file(folder / "x", 5) == "12345");
  const Error error = error_of([&] { read_file(folder / "x", 4); });
  CHECK(error.what_happened() == "file is larger than the limit of 4 bytes");
  CHECK(error.where() == folder / "x");
  CHECK(error.fix() == "give a smaller file");
}

TEST_CASE("file: each errno has a fix that is an action") {
  CHECK(contains(fix_for_errno(EACCES), "permissions"));
  CHECK(contains(fix_for_errno(EROFS), "read-only"));
  CHECK(contains(fix_for_errno(ENOSPC), "free disk space"));
  CHECK(contains(fix_for_errno(EMFILE), "ulimit -n"));
  CHECK(contains(fix_for_errno(ENOTDIR), "which a folder"));
  CHECK(contains(fix_for_errno(EIO), "health of its file system"));
}

TEST_CASE("file: folders are made with their parents, and again without complaint") {
  const TempFolder folder;
  make_folders(folder / "a/b/c");
  make_folders(folder / "a/b/c");
  write_file_atomic(folder / "a/b/c/x", "1");
  const Error error = error_of([&] { make_folders(folder / "a/b/c/x/d"); });
  CHECK(contains(error.what_happened(), "cannot make folder"));
  CHECK(error.where() == folder / "a/b/c/x/d");
  CHECK(contains(error.fix(), "which a folder"));
}

TEST_CASE("file: remove_tree removes links, not what they point to") {
  const TempFolder folder;
  make_folders(folder / "kept");
  make_folders(folder / "gone/deep");
  write_file_atomic(folder / "kept/x", "1");
  std::filesystem::create_directory_symlink(folder / "kept", folder / "gone/link");
  remove_tree(folder / "gone");
  remove_tree(folder / "gone");  // nothing to do is no Error
  CHECK_FALSE(std::filesystem::exists(folder / "gone"));
  CHECK(read_file(folder / "kept/x") == "1");
}

TEST_CASE("file: rename moves a folder into place, and its Error names both paths") {
  const TempFolder folder;
  make_folders(folder / "step_1.tmp");
  rename_path(folder / "step_1.tmp", folder / "step_1");
  CHECK(std::filesystem::is_directory(folder / "step_1"));
  fsync_path(folder / "step_1");
  const Error error = error_of([&] { rename_path(folder / "none", folder / "x"); });
  CHECK(error.what_happened() == cat("cannot rename ", folder / "none", ": No such file or directory"));
  CHECK(error.where() == folder / "x");
  CHECK(contains(error_of([&] { fsync_path(folder / "none"); }).what_happened(), "cannot open for fsync"));
}

TEST_CASE("lines: each non-empty line comes with its number, whatever the end of line") {
  const TempFolder folder;
  write_file_atomic(folder / "x", "one\n\ntwo\r\n\r\n three \nlast");
  std::vector<std::pair<std::string, size_t>> rows;
  for_each_line(folder / "x", [&](std::string_view line, size_t number) { rows.emplace_back(line, number); });
  CHECK(rows == std::vector<std::pair<std::string, size_t>>{{"one", 1}, {"two", 3}, {" three ", 5}, {"last", 6}});
}

TEST_CASE("lines: lines across the buffer's edges stay whole") {
  const TempFolder folder;
  std::string content;
  std::vector<size_t> lengths;
  Random random(3, "lines");
  for (int i = 0; i < 40; ++i) {
    lengths.push_back(static_cast<size_t>(random.between(1, 30'000)));
    content += std::string(lengths.back(), static_cast<char>('a' + i % 26)) + "\n";
  }
  write_file_atomic(folder / "x", content);
  std::string joined;
  for_each_line(folder / "x", [&](std::string_view line, size_t number) {
    CHECK(line.size() == lengths[number - 1]);
    joined.append(line) += '\n';
  });
  CHECK(joined == content);
}

TEST_CASE("lines: a line above the limit is refused at its number") {
  const TempFolder folder;
  write_file_atomic(folder / "x", "12345\n123456\n");
  const Error error = error_of([&] {
    for_each_line(
        folder / "x", [](std::string_view, size_t) {}, 5);
  });
  CHECK(error.what_happened() == "line is longer than the limit of 5 bytes");
  CHECK(error.where() == (folder / "x") + ":2");
  CHECK(error.fix() == "shorten or remove the line");
}

TEST_CASE("mapped file: shows the bytes of the file, and refuses an empty one") {
  const TempFolder folder;
  write_file_atomic(folder / "x", "mapped");
  const MappedFile map(folder / "x");
  CHECK(std::string_view(reinterpret_cast<const char*>(map.data()), map.size()) == "mapped");
  CHECK(map.path() == folder / "x");
  write_file_atomic(folder / "empty", "");
  const Error error = error_of([&] { MappedFile empty(folder / "empty"); });
  CHECK(error.what_happened() == "file is empty");
  CHECK(error.where() == folder / "empty");
  CHECK(error.fix() == "fetch or write the file again");
}

}  // namespace
}  // namespace lockstep::base
