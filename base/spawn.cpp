// SPDX-License-Identifier: Apache-2.0
// posix_spawn with everything taken away that a child must not inherit.
#include "base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::base {
namespace {

constexpr const char* kName = "a child process";

void check(int code, const char* action) {
  if (code != 0) throw_errno(action, kName, code);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

struct Attributes {
  Attributes() {
    check(::posix_spawnattr_init(&value), "prepare");
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&value, &none);
    ::posix_spawnattr_setsigdefault(&value, &all);
    ::posix_spawnattr_setflags(&value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t value;
};

struct FileActions {
  FileActions() { check(::posix_spawn_file_actions_init(&value), "prepare"); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&value); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void pass_on(const std::vector<int>& descriptors) {
    LOCKSTEP_CHECK(descriptors.size() <= size_t{kLowestMoved}, "a child gets at most 10 descriptors");
    int target = 0;
    for (const int source : descriptors) {
      LOCKSTEP_CHECK(source >= kLowestMoved, cat("descriptor ", source, " could be overwritten by another one: move_up it"));
      check(::posix_spawn_file_actions_adddup2(&value, source, target++), "prepare");
    }
    check(::posix_spawn_file_actions_addclosefrom_np(&value, target), "prepare");
  }
  posix_spawn_file_actions_t value;
};

}  // namespace

pid_t spawn(const SpawnPlan& plan) {
  const std::string& program = plan.argv.at(0);
  const Attributes attributes;
  FileActions actions;
  actions.pass_on(plan.descriptors);
  const std::vector<char*> argv = pointers(plan.argv);
  std::vector<char*> environment;
  if (plan.environment) environment = pointers(*plan.environment);
  pid_t pid = 0;
  const int code = ::posix_spawnp(&pid, argv[0], &actions.value, &attributes.value, argv.data(),
                                  plan.environment ? environment.data() : environ);
  if (code != 0) {
    throw Error(cat("cannot start ", printable(program), ": ", std::generic_category().message(code)), program,
                "name a program that exists and may be run, in full or as PATH finds it");
  }
  return pid;
}

// Not <sys/pidfd.h>: glibc 2.36 declares its functions without C linkage.
FileHandle process_handle(pid_t pid) { return FileHandle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

FileHandle move_up(FileHandle file) {
  if (file.number() >= kLowestMoved) return file;
  FileHandle moved(::fcntl(file.number(), F_DUPFD_CLOEXEC, kLowestMoved));
  if (moved.number() < 0) throw_errno("duplicate a descriptor", kName, errno);
  return moved;
}

Pipe make_pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("make a pipe", kName, errno);
  FileHandle read(ends[0]), write(ends[1]);
  return {move_up(std::move(read)), move_up(std::move(write))};
}

SocketPair make_socket_pair(int type) {
  std::array<int, 2> ends;
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_errno("make a channel", kName, errno);
  FileHandle ours(ends[0]), theirs(ends[1]);
  return {move_up(std::move(ours)), move_up(std::move(theirs))};
}

}  // namespace lockstep::base
