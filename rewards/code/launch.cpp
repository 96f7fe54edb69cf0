// SPDX-License-Identifier: Apache-2.0
// The command line of bwrap, the descriptors that it gets, and the order in which a sandbox comes up and goes down.
#include "rewards/code/launch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/spawn.h"
#include "base/text.h"
#include "rewards/code/fork_server.h"
#include "rewards/code/memory_file.h"
#include "rewards/code/process.h"
#include "rewards/code/seccomp_filter.h"

namespace lockstep::rewards::code {
namespace {

namespace fs = std::filesystem;

// Paths inside of the sandbox. The second is where programs of others expect a folder for temporary files.
constexpr const char* kScratch = "/scratch";
constexpr const char* kUsualScratch =
    "/"
    "tmp";
constexpr const char* kFolderPrefix = "lockstep-code-";
constexpr double kLaunchTimeoutS = 60;
// Numbers of the descriptors of a child.
enum Descriptor { kControl = 3, kServerSource = 4, kSeccomp = 5, kInfo = 6, kGate = 7 };

using Words = std::vector<std::string>;
void append(Words& words, const Words& more) { words.insert(words.end(), more.begin(), more.end()); }

// What everything inside sees; the first two make sets of strings and messages the same in every run.
std::vector<std::pair<std::string, std::string>> inner_environment(const SandboxConfig& config,
                                                                   const std::string& home) {
  return {{"PYTHONHASHSEED", "0"},
          {"LANG", "C.UTF-8"},
          {"PATH", "/usr/local/bin:/usr/bin:/bin"},
          {"HOME", home},
          {"TMPDIR", home},
          {"OMP_NUM_THREADS", "1"},
          {"OPENBLAS_NUM_THREADS", "1"},
          {"LOCKSTEP_PRELOAD", base::Json(config.preload).dump()},
          {"LOCKSTEP_PYTHON_PATH", base::Json(config.python_path).dump()}};
}

Words server_command(const SandboxConfig& config) {
  return {config.python, "-S", "-s",
          "-B",          "-c", cat("exec(compile(open(", int{kServerSource}, ").read(), 'fork_server.py', 'exec'))")};
}

// As root: down to the configured user before anything else, or the limit of processes would not hold.
Words as_user(const SandboxConfig& config) {
  if (::geteuid() != 0) return {};
  return {"/usr/bin/setpriv", cat("--reuid=", config.uid), cat("--regid=", config.uid), "--clear-groups", "--"};
}

Words isolation_options() {
  return {"--unshare-user", "--disable-userns",     "--unshare-pid", "--unshare-net", "--unshare-ipc",
          "--unshare-uts",  "--unshare-cgroup-try", "--uid",         "65534",         "--gid",
          "65534",          "--hostname",           "sandbox",       "--as-pid-1",    "--die-with-parent",
          "--new-session",  "--cap-drop",           "ALL",           "--clearenv"};
}

// Read-only system folders, a few devices and one writable folder of bounded size; everything else is not there.
Words file_system_options(const SandboxConfig& config, const LimitsConfig& limits) {
  Words words = {"--ro-bind", "/usr", "/usr"};
  for (const char* folder : {"bin", "lib", "lib64"}) {
    const std::string path = cat("/", folder);
    if (fs::is_symlink(path)) {
      append(words, {"--symlink", cat("usr", path), path});
    } else {
      append(words, {"--ro-bind-try", path, path});
    }
  }
  for (const char* path : {"/etc/alternatives", "/etc/ld.so.cache"}) append(words, {"--ro-bind-try", path, path});
  for (const std::string& path : config.read_only) append(words, {"--ro-bind", path, path});
  append(words, {"--dir", "/dev"});
  // Not zero: a shared mapping of it is memory that counts against no limit (see seccomp_filter.cpp).
  for (const char* device : {"null", "full", "random", "urandom"}) {
    append(words, {"--dev-bind", cat("/dev/", device), cat("/dev/", device)});
  }
  append(words, {"--symlink", kScratch, "/dev/shm", "--symlink", kScratch, kUsualScratch});
  if (config.has_proc) append(words, {"--proc", "/proc"});
  append(words, {"--perms", "0700", "--size", std::to_string(int64_t{limits.scratch_mb} << 20), "--tmpfs", kScratch,
                 "--remount-ro", "/", "--chdir", kScratch});
  return words;
}

Words bubblewrap_command(const SandboxConfig& config, const LimitsConfig& limits) {
  // The kernel's choice when memory runs out should be these processes: 1000 is inherited by all of them.
  Words words = {"/bin/sh", "-c", "echo 1000 > /proc/self/oom_score_adj; exec \"$@\"", "sh"};
  append(words, as_user(config));
  words.emplace_back("/usr/bin/bwrap");
  append(words, isolation_options());
  for (const auto& [name, value] : inner_environment(config, kScratch)) append(words, {"--setenv", name, value});
  append(words, file_system_options(config, limits));
  append(words, {"--seccomp", std::to_string(kSeccomp), "--info-fd", std::to_string(kInfo), "--block-fd",
                 std::to_string(kGate), "--"});
  append(words, server_command(config));
  return words;
}

// bwrap writes {"child-pid": N, ...} as soon as it has cloned.
pid_t read_inner_pid(const base::FileHandle& info) {
  std::string text;
  while (text.find('}') == std::string::npos) {
    if (!wait_readable(info, kLaunchTimeoutS)) return 0;
    std::array<char, 512> buffer;
    const ssize_t got = ::read(info.number(), buffer.data(), buffer.size());
    if (got <= 0) return 0;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  const base::Json json = base::Json::parse(text, nullptr, false);
  const auto pid = json.find("child-pid");
  return pid != json.end() && pid->is_number_integer() ? pid->get<pid_t>() : 0;
}

// The server's scratch folder, which comes with its first word; not open when there is no server.
base::FileHandle wait_until_ready(const base::FileHandle& control) {
  std::array<char, 16> word = {};
  iovec part = {.iov_base = word.data(), .iov_len = word.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  if (!wait_readable(control, kLaunchTimeoutS)) return base::FileHandle();
  const ssize_t got = ::recvmsg(control.number(), &message, MSG_CMSG_CLOEXEC);
  const cmsghdr* rights = CMSG_FIRSTHDR(&message);
  if (got <= 0 || rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return base::FileHandle();
  int number = -1;
  std::memcpy(&number, CMSG_DATA(rights), sizeof(number));
  base::FileHandle folder(number);
  if (std::string_view(word.data(), static_cast<size_t>(got)) != "ready") return base::FileHandle();
  return base::move_up(std::move(folder));
}

[[noreturn]] void fail(Server& server, const base::FileHandle& log) {
  shut_down(server);
  const std::string said(base::trim(read_memory_file(log, 4096)));
  throw Error(cat("a sandbox for programs did not come up: ", said.empty() ? "no message" : base::printable(said)),
              "bwrap", "install bubblewrap 0.8 and Python 3.9 or newer, and allow user namespaces on this machine");
}

base::FileHandle seccomp_file() {
  const std::vector<sock_filter> filter = seccomp_filter();
  return sealed_memory_file({reinterpret_cast<const char*>(filter.data()), filter.size() * sizeof(sock_filter)});
}

base::FileHandle open_null() {
  base::FileHandle null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (null.number() < 0) base::throw_errno("open", "/dev/null", errno);
  return base::move_up(std::move(null));
}

// All processes together: the processes of a test, the server, the compiler's own.
std::unique_ptr<Cgroup> make_cgroup(const SandboxConfig& config, const LimitsConfig& limits) {
  if (!config.use_cgroup) return nullptr;
  const int64_t memory_mb = std::max(limits.memory_mb, limits.compile_memory_mb) + limits.scratch_mb + 64;
  return Cgroup::make({.memory_bytes = memory_mb << 20, .num_processes = limits.processes + 8});
}

Server launch_isolated(const SandboxConfig& config, const LimitsConfig& limits) {
  Server server;
  base::SocketPair sockets = base::make_socket_pair(SOCK_SEQPACKET);
  base::Pipe info = base::make_pipe(), gate = base::make_pipe();
  const base::FileHandle null = open_null(), log = empty_memory_file(), source = sealed_memory_file(kForkServer),
                         filter = seccomp_file();
  server.outer =
      base::spawn({.argv = bubblewrap_command(config, limits),
                   .environment = Words{"PATH=/usr/bin:/bin"},
                   .descriptors = {null.number(), null.number(), log.number(), sockets.theirs.number(), source.number(),
                                   filter.number(), info.write.number(), gate.read.number()}});
  sockets.theirs.close();
  info.write.close();
  gate.read.close();
  server.control = std::move(sockets.ours);
  server.inner = read_inner_pid(info.read);
  if (server.inner <= 0) fail(server, log);
  server.inner_handle = base::process_handle(server.inner);
  server.cgroup = make_cgroup(config, limits);
  if (server.cgroup && !server.cgroup->add(server.inner)) server.cgroup.reset();
  if (::write(gate.write.number(), "", 1) == 1) server.scratch = wait_until_ready(server.control);
  if (server.scratch.number() < 0) fail(server, log);
  return server;
}

std::string make_folder(const SandboxConfig& config) {
  std::string path = (fs::temp_directory_path() / cat(kFolderPrefix, ::getpid(), "-XXXXXX")).string();
  if (::mkdtemp(path.data()) == nullptr) base::throw_errno("make a folder", path, errno);
  if (::geteuid() == 0 && ::chown(path.c_str(), static_cast<uid_t>(config.uid), static_cast<gid_t>(config.uid)) != 0) {
    base::throw_errno("give away a folder", path, errno);
  }
  return path;
}

Server launch_unsafe(const SandboxConfig& config) {
  Server server;
  base::SocketPair sockets = base::make_socket_pair(SOCK_SEQPACKET);
  const base::FileHandle null = open_null(), log = empty_memory_file(), source = sealed_memory_file(kForkServer);
  server.folder = make_folder(config);
  Words environment, command = as_user(config);
  for (const auto& [name, value] : inner_environment(config, server.folder))
    environment.push_back(cat(name, "=", value));
  append(command, server_command(config));
  // sh changes into the folder first, as the sandbox does.
  Words words = {"/bin/sh", "-c", "cd \"$HOME\" && exec \"$@\"", "sh"};
  append(words, command);
  server.outer = server.inner = base::spawn(
      {.argv = words,
       .environment = environment,
       .descriptors = {null.number(), null.number(), log.number(), sockets.theirs.number(), source.number()}});
  sockets.theirs.close();
  server.control = std::move(sockets.ours);
  if (wait_until_ready(server.control).number() < 0) fail(server, log);
  return server;
}

}  // namespace

Server launch(const SandboxConfig& config, const LimitsConfig& limits) {
  return config.isolation == "unsafe" ? launch_unsafe(config) : launch_isolated(config, limits);
}

void shut_down(Server& server) {
  server.control.close();
  if (server.outer > 0 && !server.folder.empty()) {
    // No namespace ends with this process: it is asked to end its descendants first.
    ::kill(server.outer, SIGTERM);
    if (!reap(server.outer, 2)) ::kill(server.outer, SIGKILL);
  } else if (server.inner_handle.number() >= 0) {
    // The end of process 1 is the end of its namespace, and bwrap ends when that is complete.
    ::syscall(SYS_pidfd_send_signal, server.inner_handle.number(), SIGKILL, nullptr, 0);
  } else if (server.outer > 0) {
    ::kill(server.outer, SIGKILL);
  }
  if (server.outer > 0 && !reap(server.outer, 5)) {
    ::kill(server.outer, SIGKILL);
    reap(server.outer, 5);
  }
  server.outer = server.inner = 0;
  server.inner_handle.close();
  server.scratch.close();
  server.cgroup.reset();
  if (!server.folder.empty()) base::remove_tree(server.folder);
  server.folder.clear();
}

void remove_stale_folders() {
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path(), missing)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kFolderPrefix, 0) != 0) continue;
    const pid_t owner = static_cast<pid_t>(std::atoi(name.c_str() + std::strlen(kFolderPrefix)));
    if (owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH) base::remove_tree(entry.path().string());
  }
}

}  // namespace lockstep::rewards::code
