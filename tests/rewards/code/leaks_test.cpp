// SPDX-License-Identifier: Apache-2.0
// After abuse in a row, and after a killed owner, nothing is left: no process, no file, no descriptor, no control group.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "rewards/code/process.h"
#include "tests/rewards/code/programs.h"

namespace lockstep::rewards::code {
namespace {

namespace fs = std::filesystem;

// A user of its own: as root, every process of it is one of ours.
constexpr int kUid = 64'321;

std::string one_a_line(const std::set<std::string>& words) {
  return base::printable(base::join({words.begin(), words.end()}, "\n"));
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Processes of a sandbox, wherever they hang: those of kUid, and those that are our descendants or show the server's command.
std::string sandbox_processes() {
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string status = read_text(entry.path() / "status"), command = read_text(entry.path() / "cmdline");
    const bool is_of_user = ::geteuid() == 0 && status.find(cat("\nUid:\t", kUid)) != std::string::npos;
    const bool is_child = status.find(cat("\nPPid:\t", ::getpid(), "\n")) != std::string::npos;
    // Another run of this test may have servers of its own; as root they cannot be mistaken.
    const bool is_server = ::geteuid() != 0 && command.find("fork_server.py") != std::string::npos;
    if (is_of_user || is_child || is_server) {
      const auto field = [&](const char* key) { return status.substr(status.find(key), 24); };
      found.insert(cat(name, " ", field("Name:"), " ", field("State:"), " ", field("PPid:"), " ", command));
    }
  }
  return one_a_line(found);
}

size_t count_descriptors() {
  return static_cast<size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

// What this process's sandboxes could leave, by its number in the names: temporary folders, shared memory, control groups. Tests beside this
// one come and go.
std::string leftovers() {
  std::set<std::string> found;
  std::error_code hidden;
  for (const fs::path& folder : {fs::temp_directory_path(), fs::path("/dev/shm")}) {
    for (const auto& entry : fs::directory_iterator(folder, hidden)) {
      const std::string name = entry.path().filename().string();
      if (name.rfind(cat("lockstep-code-", ::getpid(), "-"), 0) == 0) found.insert(entry.path().string());
    }
  }
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at("/sys/fs/cgroup", options, hidden), end; at != end; at.increment(hidden)) {
    const std::string name = at->path().filename().string();
    if (name.rfind(cat("lockstep-", ::getpid(), "-"), 0) == 0) found.insert(at->path().string());
  }
  return one_a_line(found);
}

int num_rounds() {
  const char* rounds = std::getenv("LOCKSTEP_SANDBOX_ROUNDS");
  return rounds == nullptr ? 5 : std::atoi(rounds);
}

CodeConfig short_limits() {
  CodeConfig config = quick();
  config.limits.wall_s = 0.4;
  config.limits.memory_mb = 128;
  config.sandbox.uid = kUid;
  return config;
}

const std::vector<std::pair<std::string, std::string>> kBombs = {
    {"fork bomb", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"},
    {"memory bomb", "x = []\nwhile True: x.append('x' * 100000 + str(len(x)))"},
    {"endless output", "while True: print('x' * 10000)"},
    {"sleeper", "import time\ntime.sleep(1000)"},
};

TEST_CASE("leaks: bombs in a row leave no process, no file and no descriptor behind") {
  const std::string processes_before = sandbox_processes(), leftovers_before = leftovers();
  for (const auto& [name, source] : kBombs) {
    CAPTURE(name);
    size_t descriptors = 0;
    {
      const auto reward = sandboxed(short_limits());
      if (!reward) return;
      for (int round = 0; round < num_rounds(); ++round) {
        const Score score = score_program(*reward, source, sum_row());
        // A machine that is too busy to judge may say so, but it never says that the program was right.
        CHECK(score.value == 0);
        CHECK(score.status != Status::error);
        if (round == 0) descriptors = count_descriptors();
      }
      CHECK(score_program(*reward, kHonest, sum_row()).status != Status::error);
      CHECK(count_descriptors() <= descriptors + 3);  // an idle sandbox holds its socket, its process and its scratch folder
    }
    CHECK(sandbox_processes() == processes_before);
    CHECK(leftovers() == leftovers_before);
  }
}

TEST_CASE("leaks: descriptors and processes are as before when a reward is gone") {
  if (!sandboxed()) return;
  const size_t descriptors = count_descriptors();
  const std::string processes = sandbox_processes();
  for (int round = 0; round < 3; ++round) {
    const auto reward = sandboxed(short_limits());
    score_program(*reward, kHonest, sum_row());
    score_program(*reward, "open('x', 'w')", sum_row());
  }
  CHECK(count_descriptors() == descriptors);
  CHECK(sandbox_processes() == processes);
}

// In a child process: a reward whose program runs for long. Never returns.
[[noreturn]] void score_forever(int ready) {
  CodeConfig config = short_limits();
  config.limits.wall_s = 600;
  config.limits.cpu_s = 600;
  const AccuracyCode reward("code", config, "");
  [[maybe_unused]] const ssize_t count = ::write(ready, "x", 1);
  const char* const source = R"(
import os, time
for _ in range(3):
    if os.fork() == 0: os.setsid()
time.sleep(600))";
  for (;;) score_program(reward, source, sum_row());
}

TEST_CASE("leaks: kill -9 of the process that owns the sandboxes ends them too, and the next start clears the rest") {
  if (!sandboxed()) return;
  const std::string processes = sandbox_processes();
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t owner = ::fork();
  if (owner == 0) score_forever(ends[1]);
  char word = 0;
  REQUIRE(::read(ends[0], &word, 1) == 1);
  TreeUse use = measure_descendants(owner);
  for (int i = 0; i < 500 && !use.is_known; ++i) {
    ::usleep(10'000);
    use = measure_descendants(owner);
  }
  ::usleep(300'000);
  CHECK(sandbox_processes().size() > processes.size());
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  // The kernel ends the namespace by itself; give it a moment.
  for (int i = 0; i < 500 && sandbox_processes() != processes; ++i) ::usleep(10'000);
  CHECK(sandbox_processes() == processes);
  ::close(ends[0]);
  ::close(ends[1]);
  { const auto reward = sandboxed(short_limits()); }
  std::error_code hidden;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at("/sys/fs/cgroup", options, hidden), end; at != end; at.increment(hidden)) {
    CHECK(at->path().filename().string().rfind(cat("lockstep-", owner, "-"), 0) != 0);
  }
}

TEST_CASE("leaks: in unsafe mode, too, descendants end with their test") {
  if (!sandboxed()) return;
  const std::string processes = sandbox_processes();
  CodeConfig config = short_limits();
  config.sandbox.isolation = "unsafe";
  {
    const AccuracyCode reward("code", config, "");
    const char* const daemon = R"(
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(600)
        os._exit(0))";
    for (int round = 0; round < 3; ++round) score_program(reward, daemon, sum_row());
    score_program(reward, std::string(daemon) + "\ntime.sleep(600)", sum_row());
  }
  CHECK(sandbox_processes() == processes);
}

}  // namespace
}  // namespace lockstep::rewards::code
