// SPDX-License-Identifier: Apache-2.0
// What a started program has and has not: descriptors, signals, environment, session.
#include "base/spawn.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cstdlib>

#include "base/text.h"
#include "tests/base/error_of.h"

namespace lockstep::base {
namespace {

FileHandle null_device() { return move_up(FileHandle(::open("/dev/null", O_RDWR | O_CLOEXEC))); }

// What `script` prints on its standard output, descriptor 1; REQUIREs that it ends with 0.
std::string output_of(const std::string& script, SpawnPlan plan = {}) {
  Pipe pipe = make_pipe();
  const FileHandle null = null_device();
  plan.argv = {"sh", "-c", script};
  plan.descriptors = {null.number(), pipe.write.number(), null.number()};
  const pid_t pid = spawn(plan);
  pipe.write.close();
  std::string text(10'000, '\0');
  size_t size = 0;
  while (const size_t bytes = read_some(pipe.read, text.data() + size, text.size() - size, "pipe")) size += bytes;
  text.resize(size);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  return text;
}

uint64_t line_of_status(const std::string& status, const std::string& name) {
  const size_t at = status.find(name + ":\t");
  REQUIRE(at != std::string::npos);
  return std::stoull(status.substr(at + name.size() + 2), nullptr, 16);
}

TEST_CASE("spawn: the child has the descriptors of its plan and no other, whatever is open here") {
  const FileHandle leaky(::open("/dev/null", O_RDONLY));  // not close-on-exec
  REQUIRE(leaky.number() >= 0);
  // ls has one more while it reads the folder. No pipeline: the shell's own descriptors come and go.
  CHECK(output_of("exec ls /proc/self/fd") == "0\n1\n2\n3\n");
}

TEST_CASE("spawn: blocked and ignored signals are not inherited, and the session is the child's own") {
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  REQUIRE(::pthread_sigmask(SIG_BLOCK, &blocked, &before) == 0);
  const auto handler = ::signal(SIGUSR1, SIG_IGN);
  const std::string status = output_of("exec cat /proc/self/status");
  ::signal(SIGUSR1, handler);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(line_of_status(status, "SigBlk") == 0);
  CHECK((line_of_status(status, "SigIgn") & 0x7FFFFFFF) == 0);  // 32 and 33 are glibc's own
  // pid, group and session: fields 1, 5 and 6; the name in field 2 has no space here.
  CHECK(output_of("set -- $(cat /proc/$$/stat); [ $1 = $5 ] && [ $1 = $6 ] && echo own") == "own\n");
}

TEST_CASE("spawn: the environment is this process's, or the plan's and nothing else") {
  ::setenv("LOCKSTEP_SPAWN_TEST", "here", 1);
  CHECK(output_of("echo $LOCKSTEP_SPAWN_TEST") == "here\n");
  CHECK(output_of("echo $LOCKSTEP_SPAWN_TEST$OTHER", {.environment = std::vector<std::string>{"OTHER=there"}}) == "there\n");
  ::unsetenv("LOCKSTEP_SPAWN_TEST");
}

TEST_CASE("spawn: a program that is not there, and a descriptor in the child's way, are Errors") {
  const FileHandle null = null_device();
  for (const char* program : {"/no/such/program", "no-such-program", "/etc/passwd"}) {
    const Error error = error_of([&] { spawn({.argv = {program}, .descriptors = {null.number()}}); });
    CHECK(contains(error.what_happened(), cat("cannot start ", program, ": ")));
    CHECK(error.where() == program);
    CHECK(contains(error.fix(), "name a program that exists"));
  }
  CHECK(contains(error_of([] { spawn({.argv = {"true"}, .descriptors = {1}}); }).what_happened(), "descriptor 1 could be overwritten"));
  const std::vector<int> many(11, null.number());
  CHECK(contains(error_of([&] { spawn({.argv = {"true"}, .descriptors = many}); }).what_happened(), "at most 10 descriptors"));
  CHECK(contains(error_of([] { move_up(FileHandle()); }).what_happened(), "cannot duplicate a descriptor"));
}

TEST_CASE("spawn: channels are connected, clear of the child's numbers and closed in programs that others start") {
  const SocketPair pair = make_socket_pair(SOCK_SEQPACKET);
  const Pipe pipe = make_pipe();
  for (const FileHandle* end : {&pair.ours, &pair.theirs, &pipe.read, &pipe.write}) {
    CHECK(end->number() >= kLowestMoved);
    CHECK((::fcntl(end->number(), F_GETFD) & FD_CLOEXEC) != 0);
  }
  char byte = 0;
  write_all(pair.ours, "x", "socket");
  CHECK(read_some(pair.theirs, &byte, 1, "socket") == 1);
  write_all(pipe.write, "y", "pipe");
  CHECK(read_some(pipe.read, &byte, 1, "pipe") == 1);
  CHECK(byte == 'y');
}

TEST_CASE("spawn: the handle of a process becomes readable when it ends") {
  const FileHandle null = null_device();
  const pid_t pid = spawn({.argv = {"sleep", "1000"}, .descriptors = {null.number(), null.number(), null.number()}});
  const FileHandle handle = process_handle(pid);
  if (handle.number() >= 0) {
    pollfd entry{handle.number(), POLLIN, 0};
    CHECK(::poll(&entry, 1, 0) == 0);
    ::kill(-pid, SIGKILL);
    CHECK(::poll(&entry, 1, 5000) == 1);
  }
  ::kill(-pid, SIGKILL);
  CHECK(::waitpid(pid, nullptr, 0) == pid);
}

}  // namespace
}  // namespace lockstep::base
