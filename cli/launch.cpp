// SPDX-License-Identifier: Apache-2.0
// Starting ranks and waiting for them.
#include "cli/launch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/loopback.h"
#include "base/signal.h"
#include "base/spawn.h"
#include "base/text.h"

extern char** environ;

namespace lockstep::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kLauncher = "LOCKSTEP_LAUNCHER";
constexpr auto kPoll = std::chrono::milliseconds(100);
constexpr auto kGraceAfterDeath = std::chrono::seconds(28);  // above ranks.heartbeat_timeout_s as it stands by default
constexpr auto kGraceAfterError = std::chrono::seconds(5);   // an Error is told to the others at once

std::vector<std::string> environment_of(int rank, int count, int port) {
  std::vector<std::string> out;
  const std::vector<std::string> own = {cat("RANK=", rank), cat("LOCAL_RANK=", rank), cat("WORLD_SIZE=", count), cat("LOCAL_WORLD_SIZE=", count),
                                        "MASTER_ADDR=127.0.0.1", cat("MASTER_PORT=", port), cat(kLauncher, "=", ::getpid())};
  const auto is_own = [&](const std::string& entry) {
    for (const auto& o : own)
      if (entry.starts_with(o.substr(0, o.find('=') + 1))) return true;
    return entry.starts_with("LOCKSTEP_LISTEN_FD=");
  };
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!is_own(*entry)) out.emplace_back(*entry);
  out.insert(out.end(), own.begin(), own.end());
  if (rank == 0) out.emplace_back("LOCKSTEP_LISTEN_FD=3");
  return out;
}

base::FileHandle copy_of(int number) { return base::move_up(base::FileHandle(::fcntl(number, F_DUPFD_CLOEXEC, base::kLowestMoved))); }

class Ranks {
 public:
  Ranks(int count, const std::vector<std::string>& words) {
    auto listener = base::listen_on_loopback(0, "see whether this machine has a loopback interface");
    const auto socket = base::move_up(std::move(listener.socket));  // rank 0 takes it over: no other program can get its port meanwhile
    const auto in = copy_of(0), out = copy_of(1), err = copy_of(2);
    std::vector<std::string> argv = {std::filesystem::read_symlink("/proc/self/exe").string()};
    argv.insert(argv.end(), words.begin(), words.end());
    for (int rank = 0; rank < count; ++rank) {
      base::SpawnPlan plan{argv, environment_of(rank, count, listener.port), {in.number(), out.number(), err.number()}};
      if (rank == 0) plan.descriptors.push_back(socket.number());
      pids_.push_back(base::spawn(plan));
    }
  }
  ~Ranks() { signal_all(SIGKILL); }  // only where an Error left some

  ExitCode wait() {
    int passed_on = 0;
    while (num_ended_ < pids_.size()) {
      if (const int signal = base::stop_signal(); signal != 0 && signal != passed_on) signal_all(passed_on = signal);
      reap();
      if (kill_at_ && Clock::now() > *kill_at_) signal_all(SIGKILL);
      std::this_thread::sleep_for(kPoll);
    }
    return code_;
  }

 private:
  void signal_all(int signal) {
    for (const pid_t pid : pids_)
      if (pid > 0) ::kill(pid, signal);
  }

  void note_failure(bool is_death) {
    const auto at = Clock::now() + (is_death ? kGraceAfterDeath : kGraceAfterError);
    kill_at_ = kill_at_ ? std::min(*kill_at_, at) : at;
  }

  void reap() {
    for (size_t rank = 0; rank < pids_.size(); ++rank) {
      int status = 0;
      if (pids_[rank] <= 0 || ::waitpid(pids_[rank], &status, WNOHANG) != pids_[rank]) continue;
      pids_[rank] = 0;
      ++num_ended_;
      const int code = WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(ExitCode::failed);
      if (WIFSIGNALED(status)) std::cerr << cat("lockstep: rank ", rank, " was ended by signal ", WTERMSIG(status), "\n") << std::flush;
      if (code == 0 || (code == static_cast<int>(ExitCode::requeue) && kill_at_)) continue;
      if (code != static_cast<int>(ExitCode::requeue)) note_failure(WIFSIGNALED(status));
      code_ = kill_at_ ? ExitCode::failed : ExitCode::requeue;
    }
  }

  std::vector<pid_t> pids_;  // 0: has ended
  size_t num_ended_ = 0;
  ExitCode code_ = ExitCode::done;
  std::optional<Clock::time_point> kill_at_;  // whoever is still there
};

}  // namespace

ExitCode launch_ranks(int count, const std::vector<std::string>& words) {
  base::install_stop_signals();
  return Ranks(count, words).wait();
}

void end_with_launcher() {
  const char* launcher = std::getenv(kLauncher);
  if (launcher == nullptr) return;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (std::to_string(::getppid()) != launcher) throw Error("the launcher is gone", "train --launch", "start the command again");
}

}  // namespace lockstep::cli
