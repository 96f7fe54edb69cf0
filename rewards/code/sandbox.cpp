// SPDX-License-Identifier: Apache-2.0
// The judge's side of a job: packets over the control socket, results in files of memory, a deadline over all.
#include "rewards/code/sandbox.h"

#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "rewards/code/memory_file.h"

namespace lockstep::rewards::code {
namespace {

constexpr size_t kMaxErrorBytes = 4096;
constexpr double kWatchS = 0.1;  // on average between two looks at a job

// Drawn anew each time, so that a program cannot know when it is looked at.
double draw_watch_s() {
  unsigned char byte = 128;
  [[maybe_unused]] const ssize_t count = ::getrandom(&byte, 1, 0);
  return kWatchS * (0.5 + byte / 255.0);
}

std::string make_nonce() {
  std::array<unsigned char, 16> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    base::throw_errno("draw", "getrandom", errno);
  std::string text;
  for (const unsigned char byte : bytes) {
    for (const int digit : {byte >> 4, byte & 15}) text += "0123456789abcdef"[digit];
  }
  return text;
}

// The five files of a job, in the order of the packet.
struct JobFiles {
  base::FileHandle input, output = empty_memory_file(), errors = empty_memory_file(), result = empty_memory_file();
};

std::string header_of(const Job& job, const std::string& nonce) {
  const base::Json header = {{"kind", job.kind},
                             {"nonce", nonce},
                             {"argv", job.argv},
                             {"source", job.source},
                             {"artifact", job.artifact},
                             {"cpu_s", job.limits.cpu_s},
                             {"memory_bytes", job.limits.limit_address_space ? job.limits.memory_bytes : 0},
                             {"stack_bytes", job.limits.stack_bytes},
                             {"file_bytes", job.limits.file_bytes},
                             {"processes", job.limits.processes}};
  return header.dump();
}

// False when the server is gone.
bool send_job(int control, const std::string& header, const std::array<int, 5>& files) {
  iovec part = {.iov_base = const_cast<char*>(header.data()), .iov_len = header.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(files))> space = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(files));
  std::memcpy(CMSG_DATA(rights), files.data(), sizeof(files));
  return ::sendmsg(control, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(header.size());
}

struct Reply {
  int status = 0;
  double cpu_s = 0;
  bool is_clean = false;
};

// False when the server is gone instead.
bool receive_reply(int control, Reply& reply) {
  std::array<char, 1024> buffer;
  const ssize_t got = ::recv(control, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  const base::Json json = base::Json::parse(buffer.data(), buffer.data() + got, nullptr, false);
  if (!json.is_object() || !json.contains("status")) return false;
  reply = {json["status"].get<int>(), json["cpu_s"].get<double>(), json["is_clean"].get<bool>()};
  return true;
}

void judge_status(const Job& job, const Reply& reply, Outcome& outcome) {
  outcome.cpu_s = reply.cpu_s;
  if (WIFEXITED(reply.status)) {
    outcome.end = End::exited;
    outcome.code = WEXITSTATUS(reply.status);
    return;
  }
  outcome.code = WTERMSIG(reply.status);
  // SIGKILL follows a second after a SIGXCPU that the program caught.
  const bool is_slow = outcome.code == SIGXCPU || (outcome.code == SIGKILL && reply.cpu_s >= job.limits.cpu_s);
  outcome.end = is_slow ? End::too_slow : End::killed;
}

void take_files(const Job& job, const std::string& nonce, JobFiles& files, Outcome& outcome) {
  const auto limit = static_cast<size_t>(job.limits.file_bytes);
  outcome.output = read_memory_file(files.output, limit);
  outcome.errors = read_memory_file(files.errors, kMaxErrorBytes);
  if (outcome.end != End::exited || outcome.code != 0) return;
  if (job.kind == "call") {
    const std::string written = read_memory_file(files.result, limit + nonce.size() + 1);
    if (written.rfind(nonce + "\n", 0) == 0) outcome.record = written.substr(nonce.size() + 1);
  } else if ((job.kind == "compile" || job.kind == "build") && seal(files.result)) {
    outcome.result = std::move(files.result);
  }
}

}  // namespace

Sandbox::Sandbox(const SandboxConfig& config, const LimitsConfig& limits)
    : server_(launch(config, limits)), max_files_(int64_t{limits.scratch_mb} << 10) {}

Sandbox::~Sandbox() { shut_down(server_); }

bool Sandbox::is_too_big(const Job& job, const TreeUse& use) const {
  struct statvfs facts = {};
  if (server_.scratch.number() >= 0 && ::fstatvfs(server_.scratch.number(), &facts) == 0 &&
      static_cast<int64_t>(facts.f_files - facts.f_ffree) > max_files_) {
    return true;
  }
  return !server_.cgroup && use.memory_bytes > 2 * job.limits.memory_bytes;
}

Sandbox::Wait Sandbox::wait_for_reply(const Job& job, double started_s, Attendance& attendance) const {
  const double deadline = started_s + job.limits.wall_s;
  for (;;) {
    const double left_s = deadline - now_s();
    if (wait_readable(server_.control, std::min(std::max(left_s, 0.0), draw_watch_s()))) return Wait::replied;
    if (left_s <= 0) return Wait::deadline;
    const TreeUse use = measure_descendants(server_.inner);
    attendance.look(use);
    if (is_too_big(job, use)) return Wait::too_big;
  }
}

void Sandbox::judge_deadline(const Job& job, Attendance& attendance, Outcome& outcome) const {
  TreeUse use = measure_descendants(server_.inner);
  attendance.look(use);
  use.cpu_s -= replied_cpu_s_;
  outcome.cpu_s = use.cpu_s;
  const bool is_starved = attendance.is_complete() && was_starved(use, job.limits.cpu_s, job.limits.wall_s);
  outcome.end = is_starved ? End::starved : End::too_slow;
}

Outcome Sandbox::run(const Job& job) {
  Outcome outcome;
  const std::string nonce = make_nonce();
  JobFiles files{.input = sealed_memory_file(job.input)};
  const std::array<int, 5> numbers = {job.program->number(), files.input.number(), files.output.number(),
                                      files.errors.number(), files.result.number()};
  const double started_s = now_s();
  Reply reply;
  Attendance attendance;
  const bool is_sent = send_job(server_.control.number(), header_of(job, nonce), numbers);
  Wait wait = is_sent ? wait_for_reply(job, started_s, attendance) : Wait::died;
  if (wait == Wait::replied && !receive_reply(server_.control.number(), reply)) wait = Wait::died;
  if (wait == Wait::replied) {
    is_fresh_ = reply.is_clean;
    replied_cpu_s_ += reply.cpu_s;
    judge_status(job, reply, outcome);
    take_files(job, nonce, files, outcome);
    return outcome;
  }
  if (wait == Wait::deadline) judge_deadline(job, attendance, outcome);
  if (wait == Wait::too_big) outcome.end = End::too_big;
  is_fresh_ = false;
  shut_down(server_);
  return outcome;
}

}  // namespace lockstep::rewards::code
