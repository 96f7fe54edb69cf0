// SPDX-License-Identifier: Apache-2.0
// Starting and ending a plugin's process.
#include "rewards/plugins/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/spawn.h"
#include "base/text.h"

namespace lockstep::rewards::plugins {
namespace {

constexpr int kKilledWait_ms = 2000;  // from SIGKILL to the end; longer only in uninterruptible sleep

void set_nonblocking(const base::FileHandle& file) { ::fcntl(file.number(), F_SETFL, O_NONBLOCK); }

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return cat("signal ", WTERMSIG(status), " (", ::strsignal(WTERMSIG(status)), ")");
  return cat("exit code ", WEXITSTATUS(status));
}

}  // namespace

Child::Child(const std::vector<std::string>& argv) {
  base::SocketPair channel = base::make_socket_pair(SOCK_STREAM);
  base::Pipe output = base::make_pipe();
  const base::FileHandle null = base::move_up(base::FileHandle(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  set_nonblocking(channel.ours);
  set_nonblocking(output.read);
  pid_ = base::spawn({.argv = argv,
                      .descriptors = {null.number(), output.write.number(), output.write.number(), channel.theirs.number()}});
  channel_ = std::move(channel.ours);
  output_ = std::move(output.read);
  pidfd_ = base::process_handle(pid_);
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
