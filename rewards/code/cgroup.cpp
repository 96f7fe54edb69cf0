// SPDX-License-Identifier: Apache-2.0
// Folders below /sys/fs/cgroup, made, limited, filled and removed.
#include "rewards/code/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/file_handle.h"
#include "base/text.h"

namespace lockstep::rewards::code {
namespace {

namespace fs = std::filesystem;
constexpr const char* kRoot = "/sys/fs/cgroup";
constexpr const char* kPrefix = "lockstep-";

// Never makes a file: where there is none, this is no control group.
bool write_text(const std::string& path, const std::string& text) {
  const base::FileHandle file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.number() >= 0 && ::write(file.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// "" where there is none.
struct Parents {
  std::string unified;       // v2
  std::string memory, pids;  // v1
};

// The folder when it lies in a file system of this kind: a container may show others in these places.
std::string if_of_kind(const std::string& folder, decltype(statfs::f_type) kind) {
  struct statfs facts = {};
  return ::statfs(folder.c_str(), &facts) == 0 && facts.f_type == kind ? folder : std::string();
}

// Where this process's groups lie. A line of /proc/self/cgroup is "number:controllers:path"; v2 has "0::path".
Parents own_groups() {
  Parents parents;
  for (const std::string& line : base::split(read_text("/proc/self/cgroup"), '\n')) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    if (controllers.empty()) parents.unified = if_of_kind(kRoot + path, CGROUP2_SUPER_MAGIC);
    if (controllers == "memory") parents.memory = if_of_kind(cat(kRoot, "/memory", path), CGROUP_SUPER_MAGIC);
    if (controllers == "pids") parents.pids = if_of_kind(cat(kRoot, "/pids", path), CGROUP_SUPER_MAGIC);
  }
  return parents;
}

// A group's processes go away a little after the last of them was reaped.
void remove_group(const std::string& folder) {
  for (int i = 0; i < 200 && ::rmdir(folder.c_str()) != 0 && errno == EBUSY; ++i) {
    const timespec pause = {.tv_sec = 0, .tv_nsec = 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

void remove_stale_in(const std::string& parent) {
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(parent, missing)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kPrefix, 0) != 0) continue;
    const pid_t owner = static_cast<pid_t>(std::atoi(name.c_str() + std::string_view(kPrefix).size()));
    if (owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH) ::rmdir(entry.path().c_str());
  }
}

}  // namespace

std::unique_ptr<Cgroup> Cgroup::make(const CgroupLimits& limits) {
  static std::atomic<uint64_t> count = 0;
  const std::string name = cat("/", kPrefix, ::getpid(), "-", ++count);
  const std::string memory = std::to_string(limits.memory_bytes), processes = std::to_string(limits.num_processes);
  std::unique_ptr<Cgroup> group(new Cgroup());
  const auto open = [&](const std::string& parent) {
    if (parent.empty() || ::mkdir((parent + name).c_str(), 0755) != 0) return false;
    group->folders_.push_back(parent + name);
    return true;
  };
  const Parents parents = own_groups();
  if (open(parents.unified)) {
    const std::string& folder = group->folders_.back();
    if (write_text(folder + "/memory.max", memory) && write_text(folder + "/pids.max", processes)) {
      write_text(folder + "/memory.swap.max", "0");
      return group;
    }
    remove_group(folder);
    group->folders_.clear();
  }
  const bool is_limited = open(parents.memory) &&
                          write_text(group->folders_.back() + "/memory.limit_in_bytes", memory) && open(parents.pids) &&
                          write_text(group->folders_.back() + "/pids.max", processes);
  if (!is_limited) return nullptr;
  write_text(group->folders_.front() + "/memory.memsw.limit_in_bytes", memory);
  return group;
}

void Cgroup::remove_stale() {
  const Parents parents = own_groups();
  for (const std::string& parent : {parents.unified, parents.memory, parents.pids}) {
    if (!parent.empty()) remove_stale_in(parent);
  }
}

Cgroup::~Cgroup() {
  for (const std::string& folder : folders_) remove_group(folder);
}

bool Cgroup::add(pid_t pid) const {
  for (const std::string& folder : folders_) {
    if (!write_text(folder + "/cgroup.procs", std::to_string(pid))) return false;
  }
  return true;
}

}  // namespace lockstep::rewards::code
