// SPDX-License-Identifier: Apache-2.0
// Starting and ending a plugin's process.
#include "rewards/plugins/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::plugins {
namespace {

using base::FileHandle;

constexpr int kKilledWait_ms = 2000;  // from SIGKILL to the end; longer only in uninterruptible sleep

void check(int code, const char* action, const std::string& program) {
  if (code != 0) base::throw_errno(action, program, code);
}

// Numbers from 10 on, so that the ones the child gets (0 to 3) are free.
FileHandle moved_up(int number, const std::string& program) {
  const FileHandle low(number);
  const int high = ::fcntl(number, F_DUPFD_CLOEXEC, 10);
  if (high < 0) base::throw_errno("duplicate a descriptor", program, errno);
  return FileHandle(high);
}

void set_nonblocking(const FileHandle& file) { ::fcntl(file.number(), F_SETFL, O_NONBLOCK); }

struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

void set_up(SpawnSettings& settings, int channel, int output, const std::string& program) {
  auto* actions = &settings.actions;
  check(posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0), "prepare a child", program);
  check(posix_spawn_file_actions_adddup2(actions, output, 1), "prepare a child", program);
  check(posix_spawn_file_actions_adddup2(actions, output, 2), "prepare a child", program);
  check(posix_spawn_file_actions_adddup2(actions, channel, kChildChannel), "prepare a child", program);
  check(posix_spawn_file_actions_addclosefrom_np(actions, kChildChannel + 1), "prepare a child", program);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  posix_spawnattr_setpgroup(&settings.attributes, 0);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return cat("signal ", WTERMSIG(status), " (", ::strsignal(WTERMSIG(status)), ")");
  return cat("exit code ", WEXITSTATUS(status));
}

}  // namespace

Child::Child(const std::vector<std::string>& argv) {
  const std::string& program = argv.at(0);
  int pair[2], pipe[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) base::throw_errno("make a channel", program, errno);
  channel_ = FileHandle(pair[0]);
  const FileHandle child_channel = moved_up(pair[1], program);
  if (::pipe2(pipe, O_CLOEXEC) != 0) base::throw_errno("make a pipe", program, errno);
  output_ = FileHandle(pipe[0]);
  const FileHandle child_output = moved_up(pipe[1], program);
  set_nonblocking(channel_);
  set_nonblocking(output_);
  SpawnSettings settings;
  set_up(settings, child_channel.number(), child_output.number(), program);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const int code = ::posix_spawnp(&pid_, words[0], &settings.actions, &settings.attributes, words.data(), environ);
  if (code != 0) {
    pid_ = -1;
    throw Error(cat("cannot start ", base::printable(program), ": ", ::strerror(code)), program,
                "name a program that exists and may be run, in full or as PATH finds it");
  }
  // Not <sys/pidfd.h>: glibc 2.36 declares its functions without C linkage.
  pidfd_ = FileHandle(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

Child::~Child() { end(0); }

bool Child::wait_for_exit(int timeout_ms) const {
  if (pidfd_.number() < 0) {
    // An old kernel: look every millisecond.
    for (int waited = 0; waited <= timeout_ms; ++waited) {
      siginfo_t info{};
      if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) return true;
      if (waited < timeout_ms) ::poll(nullptr, 0, 1);
    }
    return false;
  }
  pollfd entry{pidfd_.number(), POLLIN, 0};
  int ready;
  do ready = ::poll(&entry, 1, timeout_ms);
  while (ready < 0 && errno == EINTR);
  return ready > 0;
}

std::string Child::end(int grace_ms) {
  if (pid_ < 0) return "ended before";
  channel_.close();
  wait_for_exit(grace_ms);
  // The leader is not reaped yet, so the group's number is still its own.
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  int status = 0;
  std::string how = "it cannot be ended";
  if (wait_for_exit(kKilledWait_ms) && ::waitpid(pid_, &status, WNOHANG) == pid_) how = describe_end(status);
  pid_ = -1;
  pidfd_.close();
  return how;
}

}  // namespace lockstep::rewards::plugins
