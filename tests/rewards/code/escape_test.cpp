// SPDX-License-Identifier: Apache-2.0
// Programs that try to reach out of the sandbox: each prints "escaped" where it gets through, and none does.
#include <unistd.h>

#include "tests/rewards/code/programs.h"

namespace lockstep::rewards::code {
namespace {

Json escaped_row() { return stdio_row({{"", "escaped\n"}}); }

struct Escape {
  std::string name;
  std::string source;  // one statement or more that raises when the way is closed
};

// Harmless where they succeed: the same programs run in unsafe mode to prove that they can.
const std::vector<Escape> kHarmless = {
    {"reads the user database", "open('/etc/passwd').read()"},
    {"lists processes", "import os; assert os.listdir('/proc')"},
    {"looks at the process table of another", "open('/proc/1/cmdline').read()"},
    {"reads its own memory map", "open('/proc/self/maps').read()"},
    {"sees mounts", "open('/proc/mounts').read()"},
    {"sees devices", "import os; os.listdir('/sys')"},
    {"opens a TCP socket", "import socket; socket.socket()"},
    {"opens a UDP socket", "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"},
    {"opens a local socket", "import socket; socket.socket(socket.AF_UNIX)"},
    {"listens", "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()"},
    {"makes a memory file", "import os; os.memfd_create('x')"},
    {"makes shared memory",
     "import ctypes; c = ctypes.CDLL(None); i = c.shmget(0, 4096, 0o1600); assert i >= 0; c.shmctl(i, 0, 0)"},
    {"sets its processors", "import os; os.sched_setaffinity(0, os.sched_getaffinity(0))"},
    {"asks for its scheduler", "import os; os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))"},
    {"lowers its priority", "import os; os.nice(1)"},
    {"debugs itself", "import ctypes; assert ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0"},
    {"signals its parent", "import os; os.kill(os.getppid(), 0); assert os.getppid() != 1"},
};

const std::vector<Escape> kHarmful = {
    {"writes below /usr", "open('/usr/escaped', 'w')"},
    {"writes into the root folder", "open('/escaped', 'w')"},
    {"writes a device", "open('/dev/escaped', 'w')"},
    {"changes a program", "import os; os.chmod('/usr/bin/python3', 0o777)"},
    {"removes a library", "import os; os.unlink('/usr/lib/os-release')"},
    {"makes a device", "import os, stat; os.mknod('x', 0o600 | stat.S_IFBLK, os.makedev(254, 0))"},
    {"becomes root", "import os; os.setuid(0)"},
    {"becomes another group", "import os; os.setgroups([0])"},
    {"changes the root folder", "import os; os.chroot('.')"},
    {"mounts", "import ctypes; assert ctypes.CDLL(None).mount(b'x', b'.', b'tmpfs', 0, 0) == 0"},
    {"unmounts", "import ctypes; assert ctypes.CDLL(None).umount(b'/usr') == 0"},
    {"makes a user namespace", "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0"},
    {"makes a mount namespace", "import ctypes; assert ctypes.CDLL(None).unshare(0x00020000) == 0"},
    {"stops its server", R"(
import os, signal, time
for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGABRT):
    os.kill(os.getppid(), number)
time.sleep(0.1)
assert os.getppid() != 1)"},
    {"reads its server's memory", "open('/proc/1/mem', 'rb').read(1)"},
    {"debugs its server", "import ctypes; assert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0"},
    {"limits its server", "import resource; resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))"},
    {"slows its server", "import os; os.setpriority(os.PRIO_PROCESS, 1, 19)"},
    {"opens its server's descriptors",
     "import ctypes; c = ctypes.CDLL(None); p = c.syscall(434, 1, 0); assert c.syscall(438, p, 3, 0) >= 0"},
    {"raises its limit of processes", "import resource; resource.setrlimit(resource.RLIMIT_NPROC, (1000, 1000))"},
    {"raises its limit of memory", "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))"},
    {"finds an open descriptor", R"(
import os
for number in range(3, 1024):
    try: os.fstat(number); break
    except OSError: pass
else: raise SystemExit(1))"},
    {"finds a variable of its caller",
     "import os; assert set(os.environ) - "
     "{'HOME','LANG','LC_CTYPE','PATH','PWD','TMPDIR','PYTHONHASHSEED','OMP_NUM_THREADS','OPENBLAS_NUM_THREADS'}"},
    {"runs a set-user-id program as root",
     "import subprocess; assert '0' == subprocess.run(['/usr/bin/su', '-c', 'id -u'], capture_output=True, text=True, "
     "timeout=1, check=True).stdout.strip()"},
};

std::string attempt(const Escape& escape) { return cat(escape.source, "\nprint('escaped')"); }

TEST_CASE("escape: no way out of the sandbox is open, and the next program is judged as if nothing had been") {
  const auto reward = sandboxed();
  if (!reward) return;
  for (const auto* escapes : {&kHarmless, &kHarmful}) {
    for (const Escape& escape : *escapes) {
      CAPTURE(escape.name);
      CHECK(value_of(*reward, attempt(escape), escaped_row()) == 0);
      CHECK(value_of(*reward, kHonest, sum_row()) == 1);
    }
  }
}

TEST_CASE("escape: with a /proc of its own a program sees its processes, and cannot touch the server") {
  CodeConfig config = quick();
  config.sandbox.has_proc = true;
  const auto reward = sandboxed(config);
  if (!reward) return;
  const std::vector<Escape> closed = {
      {"writes its server's memory", "open('/proc/1/mem', 'r+b')"},
      {"reads its server's memory", "open('/proc/1/mem', 'rb')"},
      {"maps its server", "assert open('/proc/1/maps').read()"},
      {"reads its server's environment", "open('/proc/1/environ').read()"},
      {"lists its server's descriptors", "import os; os.listdir('/proc/1/fd')"},
      {"opens its server's socket", "open('/proc/1/fd/3', 'r+b')"},
      {"walks through its server's root", "import os; os.listdir('/proc/1/root/proc')"},
      {"makes its server a target of the kernel", "open('/proc/1/oom_score_adj', 'w').write('1000')"},
      {"changes the kernel", "open('/proc/sys/kernel/hostname', 'w').write('x')"},
      {"sees other processes",
       "import os; assert [n for n in os.listdir('/proc') if n.isdigit() and int(n) not in (1, os.getpid())]"},
  };
  for (const Escape& escape : closed) {
    CAPTURE(escape.name);
    CHECK(value_of(*reward, attempt(escape), escaped_row()) == 0);
  }
  CHECK(value_of(*reward, attempt({"", "import os; assert '1' in os.listdir('/proc')"}), escaped_row()) == 1);
}

TEST_CASE("escape: without a sandbox the same attempts get through") {
  if (!sandboxed()) return;
  CodeConfig config = quick();
  config.sandbox.isolation = "unsafe";
  const AccuracyCode reward("code", config, "/rewards/0/options");
  for (const Escape& escape : kHarmless) {
    CAPTURE(escape.name);
    CHECK(value_of(reward, attempt(escape), escaped_row()) == 1);
  }
}

// System calls by number, in a language that can make them all. Prints the name of each that is not refused.
const char* const kSystemCalls = R"(
#include <cerrno>
#include <cstdio>
#include <sys/syscall.h>
#include <unistd.h>
#define TRY(name, ...) errno = 0; if (syscall(SYS_##name, ##__VA_ARGS__) != -1 || (errno != EPERM && errno != ENOSYS)) puts(#name);
int main() {
  char buffer[256] = {};
  TRY(ptrace, 0, 0, 0, 0) TRY(process_vm_readv, 1, 0, 0, 0, 0, 0) TRY(process_vm_writev, 1, 0, 0, 0, 0, 0)
  TRY(kcmp, 1, 1, 0, 0, 0) TRY(pidfd_getfd, 0, 0, 0) TRY(process_madvise, 0, 0, 0, 0, 0) TRY(setpriority, 0, 0, 5)
  TRY(unshare, 0) TRY(setns, 0, 0) TRY(mount, "x", ".", "tmpfs", 0, 0) TRY(umount2, "/usr", 0) TRY(pivot_root, ".", ".")
  TRY(chroot, ".") TRY(fsopen, "tmpfs", 0) TRY(open_tree, -100, "/", 1) TRY(move_mount, 0, "", 0, "", 0)
  TRY(bpf, 0, buffer, 64) TRY(perf_event_open, buffer, 0, -1, -1, 0) TRY(userfaultfd, 0) TRY(io_uring_setup, 1, buffer)
  TRY(io_uring_enter, 0, 0, 0, 0, 0, 0) TRY(io_uring_register, 0, 0, 0, 0) TRY(add_key, "user", "x", "y", 1, -2)
  TRY(keyctl, 0, -3) TRY(request_key, "user", "x", 0, 0) TRY(memfd_create, "x", 0) TRY(shmget, 0, 4096, 01600)
  TRY(semget, 0, 1, 01600) TRY(msgget, 0, 01600) TRY(mq_open, "x", 0102, 0600, 0) TRY(socket, 2, 1, 0)
  TRY(socketpair, 2, 1, 0, buffer) TRY(connect, 0, buffer, 16) TRY(bind, 0, buffer, 16) TRY(listen, 0, 1)
  TRY(kexec_load, 0, 0, 0, 0) TRY(init_module, buffer, 0, "") TRY(finit_module, 0, "", 0) TRY(reboot, 0, 0, 0, 0)
  TRY(sethostname, "x", 1) TRY(iopl, 3) TRY(ioperm, 0, 1, 1) TRY(modify_ldt, 0, buffer, 16) TRY(personality, 0x40000)
  TRY(open_by_handle_at, 0, buffer, 0) TRY(name_to_handle_at, 0, "/", buffer, buffer, 0) TRY(clone3, buffer, 88)
  TRY(clone, 0x10000000 | 17, 0, 0, 0, 0) TRY(clone, 0x00020000 | 17, 0, 0, 0, 0) TRY(clone, 0x40000000 | 17, 0, 0, 0, 0)
  TRY(prlimit64, 1, 7, 0, buffer) TRY(ioctl, 0, 0x5412, "x") TRY(ioctl, 0, 0x100005412, "x") TRY(sched_setaffinity, 0, 8, buffer)
  TRY(seccomp, 1, 0, buffer) TRY(fanotify_init, 0, 0) TRY(vmsplice, 0, 0, 0, 0) TRY(quotactl, 0, 0, 0, 0)
  TRY(io_setup, 1, buffer) TRY(sync) TRY(syncfs, 0) TRY(socketpair, 1, 2, 0, buffer) TRY(socketpair, 1, 02000003, 0, buffer)
  TRY(mmap, 0, 4096, 3, 0x21, -1, 0) TRY(mmap, 0, 4096, 3, 0x23, -1, 0) TRY(mmap, 0, 4096, 3, 0x100000021, -1, 0)
  errno = 0; if (syscall(0x40000000 | SYS_getpid) != -1 || errno != ENOSYS) puts("x32 getpid");
  errno = 0; if (syscall(462, 0, 0, 0) != -1 || errno != ENOSYS) puts("a call of a newer kernel");
  // What programs need is open.
  errno = 0; if (syscall(SYS_socketpair, 1, 1, 0, buffer) != 0) puts("no socketpair");
  if (syscall(SYS_mmap, 0, 4096, 3, 0x22, -1, 0) == -1) puts("no memory");
  if (syscall(SYS_prlimit64, 0, 7, 0, buffer) != 0) puts("no prlimit");
  puts("done");
}
)";

TEST_CASE("escape: the filter refuses every call of the list, from C++, with any upper half of an argument") {
  CodeConfig config = quick();
  config.language = "cpp";
  const auto reward = sandboxed(config);
  if (!reward) return;
  const Score score = score_program(*reward, kSystemCalls, stdio_row({{"", "done\n"}}), "cpp");
  CHECK_MESSAGE(score.value == 1, score.detail);
}

TEST_CASE("escape: 32-bit system calls end the program") {
  CodeConfig config = quick();
  config.language = "cpp";
  const auto reward = sandboxed(config);
  if (!reward) return;
  const char* const program = R"(
#include <cstdio>
int main() {
  long result = 20;  // getpid of the 32-bit table
  asm volatile("int $0x80" : "+a"(result) : : "memory");
  puts("escaped");
})";
  const Score score = score_program(*reward, program, escaped_row(), "cpp");
  CHECK(score.value == 0);
  CHECK_MESSAGE(score.detail.find("signal 31") != std::string::npos, score.detail);
}

TEST_CASE("escape: a compiler cannot be made to read what the sandbox does not hold") {
  CodeConfig config = quick();
  config.language = "cpp";
  const auto reward = sandboxed(config);
  if (!reward) return;
  const std::string body = "\n#include <cstdio>\nint main() { puts(\"escaped\"); }";
  for (const char* reach : {"asm(\".incbin \\\"/etc/passwd\\\"\");", "#include \"/etc/passwd\"",
                            "#include \"/proc/self/environ\"", "asm(\".incbin \\\"/proc/1/environ\\\"\");"}) {
    CAPTURE(reach);
    CHECK(value_of(*reward, reach + body, escaped_row(), "cpp") == 0);
  }
  CHECK(value_of(*reward, body, escaped_row(), "cpp") == 1);
}

}  // namespace
}  // namespace lockstep::rewards::code
