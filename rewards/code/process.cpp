// SPDX-License-Identifier: Apache-2.0
// waitpid and poll with deadlines, and /proc for what runs inside of a sandbox.
#include "rewards/code/process.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::code {
namespace {

constexpr size_t kMaxProcesses = 10'000;

std::string read_proc(pid_t pid, const std::string& name) {
  std::ifstream file(cat("/proc/", pid, "/", name));
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// Adds the processor time of the children that a process has waited for and, unless it is the root, its own use.
void add_process(pid_t pid, bool is_root, TreeUse& use) {
  // After the name in parentheses, fields 14 and 15 are its own user and system ticks, 16 and 17 those of its children.
  const std::string stat = read_proc(pid, "stat");
  std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
  std::string skipped;
  for (int i = 3; i < (is_root ? 16 : 14); ++i) fields >> skipped;
  for (int64_t ticks = 0, i = is_root ? 2 : 0; i < 4 && fields >> ticks; ++i) {
    use.cpu_s += static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  std::istringstream pages(read_proc(pid, "statm"));
  int64_t size = 0, resident = 0, shared = 0;
  if (is_root || !(pages >> size >> resident >> shared)) return;
  use.memory_bytes += (resident - shared) * ::sysconf(_SC_PAGESIZE);
}

// Appends the children that each thread of a process has made; adds how long a thread has waited for a processor.
void visit_threads(pid_t pid, bool is_root, std::vector<pid_t>& found, TreeUse& use) {
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator(cat("/proc/", pid, "/task"), gone)) {
    const std::string folder = cat("task/", thread.path().filename().string(), "/");
    std::istringstream list(read_proc(pid, folder + "children"));
    for (pid_t child; list >> child;) found.push_back(child);
    // Nanoseconds on a processor, then nanoseconds ready to run and waiting for one.
    std::istringstream schedule(read_proc(pid, folder + "schedstat"));
    int64_t ran_ns = 0, waited_ns = 0;
    if (is_root || !(schedule >> ran_ns >> waited_ns)) continue;
    use.waiting_s = std::max(use.waiting_s, static_cast<double>(waited_ns) * 1e-9);
    use.is_known = true;
  }
}

}  // namespace

bool reap(pid_t pid, double timeout_s) {
  const double deadline = now_s() + timeout_s;
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid || (ended < 0 && errno == ECHILD)) return true;
    if (now_s() >= deadline) return false;
    const timespec pause = {.tv_sec = 0, .tv_nsec = 500'000};
    ::nanosleep(&pause, nullptr);
  }
}

bool wait_readable(const base::FileHandle& handle, double timeout_s) {
  const double deadline = now_s() + timeout_s;
  for (;;) {
    const double left_ms = std::max(0.0, (deadline - now_s()) * 1000);
    pollfd wanted = {.fd = handle.number(), .events = POLLIN, .revents = 0};
    const int count = ::poll(&wanted, 1, static_cast<int>(std::min(left_ms + 1, 1e9)));
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) base::throw_errno("wait", "a sandbox", errno);
    if (now_s() >= deadline) return false;
  }
}

TreeUse measure_descendants(pid_t root) {
  TreeUse use;
  std::vector<pid_t> found = {root};
  for (size_t i = 0; i < found.size() && i < kMaxProcesses; ++i) {
    const pid_t pid = found[i];
    add_process(pid, i == 0, use);
    visit_threads(pid, i == 0, found, use);
  }
  use.processes.assign(found.begin() + 1, found.end());
  return use;
}

void Attendance::look(const TreeUse& use) {
  std::vector<pid_t> now = use.processes;
  std::sort(now.begin(), now.end());
  is_complete_ = is_complete_ && std::includes(now.begin(), now.end(), last_.begin(), last_.end());
  last_ = std::move(now);
}

bool was_starved(const TreeUse& use, double allowed_cpu_s, double wall_s) {
  if (!use.is_known) return true;
  return use.cpu_s < allowed_cpu_s && use.waiting_s - use.cpu_s >= wall_s / 2;
}

double now_s() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

}  // namespace lockstep::rewards::code
