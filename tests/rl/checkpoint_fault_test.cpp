// SPDX-License-Identifier: Apache-2.0
// Checkpoints under faults: kill -9 while saving, torn files, flipped bits, a full disk, a folder without write permission.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>

#include "base/rng.h"
#include "tests/base/faults.h"
#include "tests/rl/saved_checkpoint.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep {

namespace fs = std::filesystem;
using test::check_error;
using test::holds_step;
using test::save_checkpoint;
using test::TempFolder;

namespace {

// Memory that parent and child share: the last step whose commit() had returned.
class SharedCounter {
 public:
  SharedCounter()
      : memory_(
            ::mmap(nullptr, sizeof(std::atomic<int64_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    REQUIRE(memory_ != MAP_FAILED);
  }
  ~SharedCounter() { ::munmap(memory_, sizeof(std::atomic<int64_t>)); }
  std::atomic<int64_t>& value() { return *static_cast<std::atomic<int64_t>*>(memory_); }

 private:
  void* memory_;
};

// A file system in memory where there is one: these tests call fsync thousands of times, and a killed process loses
// nothing that it has written there either.
fs::path memory_folder() { return ::access("/dev/shm", W_OK) == 0 ? fs::path("/dev/shm") : fs::temp_directory_path(); }

// Microseconds; the first of them also warms everything up.
double fastest_save_us(const std::string& dir) {
  double fastest = 1e9;
  for (int64_t step = 1; step <= 5; ++step) {
    const auto begin = std::chrono::steady_clock::now();
    save_checkpoint(dir, step);
    fastest =
        std::min(fastest, std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  return fastest;
}

int64_t latest_step(const std::string& dir) {
  const auto latest = rl::find_latest(dir);
  CHECK(latest.broken.empty());  // a kill never leaves a step_N that does not verify
  if (!latest.checkpoint) return 0;
  CHECK(holds_step(*latest.checkpoint, latest.checkpoint->step()));
  return latest.checkpoint->step();
}

void flip_bit(const std::string& path, uint64_t bit) {
  std::string content = base::read_file(path);
  content[bit / 8] = static_cast<char>(content[bit / 8] ^ (1 << (bit % 8)));
  base::write_file_atomic(path, content);
}

}  // namespace

TEST_CASE("checkpoint faults: after kill -9 at random moments the last commit is found, whole, and saving goes on") {
  const TempFolder folder(memory_folder());
  const double save_us = fastest_save_us(folder.path("timing"));
  SharedCounter committed;
  base::Random rng(1, "kills");
  int64_t step = 0, num_mid_save = 0;
  // Where kills fall follows the machine: later while they come before the first commit, earlier when several saves fit.
  double window_us = 3 * save_us;
  for (int kill = 0; kill < 120; ++kill) {
    const pid_t child = base::start_child([&] {
      for (int64_t next = step + 1;; ++next) {
        save_checkpoint(folder.path(), next);
        committed.value().store(next);
        rl::apply_retention(folder.path(), {.keep_last = 2});
      }
      return 0;
    });
    ::usleep(static_cast<useconds_t>(rng.uniform() * window_us));
    ::kill(child, SIGKILL);
    base::wait_for(child);

    const int64_t found = latest_step(folder.path());
    CHECK(found >= committed.value().load());      // what commit() promised is there
    CHECK(found <= committed.value().load() + 1);  // killed between rename and return
    num_mid_save += !rl::remove_stale(folder.path()).empty();
    committed.value().store(found);
    if (found == step) window_us *= 1.3;
    if (found > step + 2) window_us /= 1.3;
    step = found;
  }
  MESSAGE("120 kills, " << num_mid_save << " in the middle of a save or removal; reached step " << step << "; "
                        << save_us << " us per save");
  CHECK(num_mid_save >= 20);  // the kills did hit
  CHECK(step > 0);
}

TEST_CASE("checkpoint faults: every file torn at every 512 bytes and at its ends is found") {
  const TempFolder folder(memory_folder());
  const std::string path = save_checkpoint(folder.path(), 1);
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"}) {
    const std::string at = path + "/" + name, content = base::read_file(at);
    std::vector<size_t> sizes = {0, 1, content.size() - 1};
    for (size_t size = 512; size < content.size(); size += 512) sizes.push_back(size);
    for (size_t size : sizes) {
      base::write_file_atomic(at, content.substr(0, size));
      CHECK_THROWS_AS(rl::verify_checkpoint(path), Error);
      base::write_file_atomic(at, content.substr(0, size) + std::string(content.size() - size, '\0'));  // a hole
      CHECK_THROWS_AS(rl::verify_checkpoint(path), Error);
    }
    base::write_file_atomic(at, content);
    CHECK_NOTHROW(rl::verify_checkpoint(path));
  }
}

TEST_CASE("checkpoint faults: 400 random single-bit flips are all found") {
  const TempFolder folder(memory_folder());
  const std::string path = save_checkpoint(folder.path(), 1);
  base::Random rng(2, "flips");
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"}) {
    const std::string at = path + "/" + name;
    for (int i = 0; i < 100; ++i) {
      const uint64_t bit = rng.below(8 * fs::file_size(at));
      flip_bit(at, bit);
      CHECK_THROWS_AS(rl::verify_checkpoint(path), Error);
      flip_bit(at, bit);
    }
  }
  CHECK_NOTHROW(rl::verify_checkpoint(path));
}

TEST_CASE("checkpoint faults: a disk that is full at any point of a save is an Error; the previous checkpoint stays") {
  const TempFolder folder(memory_folder());
  save_checkpoint(folder.path(), 1);
  const std::string note(20000, 'x');  // the manifest is the largest file, so that its own failure is among these
  for (rlim_t bytes : {0, 1, 17, 100, 1000, 3000, 3650, 5000, 19000}) {
    const base::FileSizeLimit limit(bytes);
    check_error([&] { save_checkpoint(folder.path(), 2, note); }, "cannot write", folder.path(),
                "raise the limit of file sizes");
    CHECK(fs::exists(folder.path("step_1")));
    CHECK(!fs::exists(folder.path("step_2")));
    CHECK(rl::remove_stale(folder.path()).empty());  // the writer has cleaned up
  }
  CHECK(latest_step(folder.path()) == 1);
  save_checkpoint(folder.path(), 2);
  CHECK(latest_step(folder.path()) == 2);
}

TEST_CASE("checkpoint faults: a folder without write permission is an Error; the previous checkpoint stays") {
  const TempFolder folder(memory_folder());
  const std::string dir = folder.path("checkpoints");
  save_checkpoint(dir, 1);
  ::chmod(folder.path().c_str(), 0755);
  ::chmod(dir.c_str(), 0555);
  const pid_t child = base::start_child([&] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 2;  // root writes anywhere
    try {
      save_checkpoint(dir, 2);
    } catch (const Error& error) {
      const bool says_so = error.what_happened().find("cannot make folder") != std::string::npos &&
                           error.where().find("step_2.tmp-") != std::string::npos &&
                           error.fix().find("change the permissions") != std::string::npos;
      return says_so ? 0 : 3;
    }
    return 1;
  });
  CHECK(base::wait_for(child) == 0);
  ::chmod(dir.c_str(), 0755);
  CHECK(latest_step(dir) == 1);
}

}  // namespace lockstep
