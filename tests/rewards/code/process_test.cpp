// SPDX-License-Identifier: Apache-2.0
// Processes from outside: what is measured and reaped, whose fault a deadline is, and control groups.
#include "rewards/code/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/spawn.h"
#include "base/text.h"
#include "rewards/code/cgroup.h"
#include "rewards/code/memory_file.h"

namespace lockstep::rewards::code {
namespace {

namespace fs = std::filesystem;

base::SpawnPlan shell(const std::string& script, const base::FileHandle& null, const base::FileHandle& output) {
  return {.argv = {"/bin/sh", "-c", script},
          .environment = std::vector<std::string>{"NAME=value"},
          .descriptors = {null.number(), output.number(), output.number()}};
}

struct Files {
  base::FileHandle null{::fcntl(base::FileHandle(::open("/dev/null", O_RDWR)).number(), F_DUPFD_CLOEXEC, 10)};
  base::FileHandle output = empty_memory_file();
};

TEST_CASE("process: reap tells a child that ended from one that runs") {
  const Files files;
  const pid_t child = base::spawn(shell("exec sleep 100", files.null, files.output));
  CHECK_FALSE(reap(child, 0.05));
  ::kill(child, SIGKILL);
  CHECK(reap(child, 10));
  CHECK(reap(child, 10));  // there is no such child any more
}

TEST_CASE("process: a tree's use covers children of children, and those that have ended") {
  const Files files;
  const pid_t child = base::spawn(
      shell("sh -c 'sh -c \"sleep 100\" & sleep 100' & i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 100",
            files.null, files.output));
  TreeUse use;
  for (int i = 0; i < 600 && use.memory_bytes == 0; ++i) {
    ::usleep(10'000);
    use = measure_descendants(::getpid());
  }
  ::usleep(300'000);
  use = measure_descendants(::getpid());
  CHECK(use.is_known);
  CHECK(use.memory_bytes > 0);
  CHECK(use.cpu_s > 0.02);
  ::kill(-child, SIGKILL);
  CHECK(reap(child, 10));
  CHECK_FALSE(measure_descendants(child).is_known);
}

TEST_CASE("process: a deadline is the machine's fault only when the program was kept waiting by others") {
  const auto starved = [](double cpu_s, double waiting_s) {
    return was_starved({.cpu_s = cpu_s, .waiting_s = waiting_s, .memory_bytes = 0, .is_known = true}, 4, 12);
  };
  CHECK_FALSE(starved(0, 0));     // it slept
  CHECK_FALSE(starved(4, 12));    // it had its time
  CHECK(starved(0.1, 11));        // it wanted to run and could not
  CHECK_FALSE(starved(0.1, 5));   // it mostly slept
  CHECK_FALSE(starved(3.9, 8));   // its own processes may have kept it waiting
  CHECK(was_starved({}, 4, 12));  // nothing is known
  for (double cpu_s = 0; cpu_s < 5; cpu_s += 0.25) {
    for (double waiting_s = 0; waiting_s < 12; waiting_s += 0.5) {
      CHECK(starved(cpu_s, waiting_s) <=
            starved(cpu_s, waiting_s + 0.5));  // more waiting never moves the fault to the program
      CHECK(starved(cpu_s, waiting_s) >= starved(cpu_s + 0.25, waiting_s));  // more work never moves it to the machine
    }
  }
}

TEST_CASE("process: a process that has gone between two looks spoils the books, one that has come does not") {
  Attendance attendance;
  for (const std::vector<pid_t>& seen : std::vector<std::vector<pid_t>>{{}, {7}, {9, 7}, {7, 8, 9}, {7, 8, 9}}) {
    attendance.look({.processes = seen});
    CHECK(attendance.is_complete());
  }
  attendance.look({.processes = {7, 9, 10, 11}});
  CHECK_FALSE(attendance.is_complete());
  attendance.look({.processes = {7, 8, 9, 10, 11}});
  CHECK_FALSE(attendance.is_complete());
}

TEST_CASE("process: files of memory keep their content once they are sealed") {
  const base::FileHandle file = sealed_memory_file("content");
  CHECK(file.number() >= 10);
  CHECK(::write(file.number(), "x", 1) == -1);
  CHECK(::ftruncate(file.number(), 0) == -1);
  CHECK(read_memory_file(file, 100) == "content");
  CHECK(read_memory_file(file, 3) == "con");
  CHECK(read_memory_file(empty_memory_file(), 3).empty());
}

TEST_CASE("process: a control group, where one can be made, is a real one and goes away") {
  std::vector<std::string> folders;
  {
    const auto group = Cgroup::make({.memory_bytes = 64 << 20, .num_processes = 4});
    if (!group) {
      MESSAGE("this process may make no control group with memory and pids");
      return;
    }
    folders = group->folders();
    for (const std::string& folder : folders) CHECK(fs::exists(folder + "/cgroup.procs"));
    const Files files;
    const pid_t child = base::spawn(shell(
        "sleep 0.3; sleep 5 & sleep 5 & sleep 5 & sleep 5 & sleep 5 & sleep 5 & echo all", files.null, files.output));
    CHECK(group->add(child));
    CHECK(reap(child, 10));
    CHECK(read_memory_file(files.output, 10'000).find("all") == std::string::npos);
    ::kill(-child, SIGKILL);
  }
  for (const std::string& folder : folders) CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("process: groups of processes that are gone are removed, and those of living ones are not") {
  const auto own = Cgroup::make({.memory_bytes = 64 << 20, .num_processes = 4});
  if (!own) return;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto group = Cgroup::make({.memory_bytes = 64 << 20, .num_processes = 4});
    const std::string folder = group ? group->folders()[0] : "none";
    [[maybe_unused]] const ssize_t count = ::write(ends[1], folder.data(), folder.size());
    ::_exit(0);
  }
  char folder[4096] = {};
  REQUIRE(::read(ends[0], folder, sizeof(folder) - 1) > 0);
  CHECK(reap(child, 10));
  CHECK(fs::exists(folder));
  Cgroup::remove_stale();
  CHECK_FALSE(fs::exists(folder));
  CHECK(fs::exists(own->folders()[0]));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace lockstep::rewards::code
