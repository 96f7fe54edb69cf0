// SPDX-License-Identifier: Apache-2.0
// What a program could take beside the limits of its processes: memory that nobody maps, files without content, the blame
// for a deadline, queues of the kernel. Without control groups, which would bound most of it.
#include "rewards/code/process.h"
#include "tests/rewards/code/programs.h"

namespace lockstep::rewards::code {
namespace {

CodeConfig without_cgroup() {
  CodeConfig config = quick();
  config.sandbox.use_cgroup = false;
  config.limits.cpu_s = 20;
  config.limits.wall_s = 60;
  return config;
}

Json held_row() { return stdio_row({{"", "held\n"}}); }

// Maps shared memory, writes to it and keeps one page of each mapping: the pages stay, the address space is free again.
std::string hoard_memory(const std::string& descriptor, const std::string& flags) {
  return cat(R"(
import ctypes, os
c = ctypes.CDLL(None, use_errno=True)
c.mmap.restype = ctypes.c_void_p
c.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
c.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
c.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
size = 64 << 20
for _ in range(16):  # 1 GiB, four times the limit
    at = c.mmap(None, size, 3, )",
             flags, ", ", descriptor, R"(, 0)
    assert at != 2 ** 64 - 1
    c.memset(at, 1, size)
    assert c.munmap(at + 4096, size - 4096) == 0
print('held'))");
}

TEST_CASE("hoard: memory that no process maps any more cannot be collected") {
  const auto reward = sandboxed(without_cgroup());
  if (!reward) return;
  CHECK(value_of(*reward, hoard_memory("-1", "0x21"), held_row()) == 0);
  CHECK(value_of(*reward, hoard_memory("os.open('/dev/zero', os.O_RDWR)", "1"), held_row()) == 0);
  // The same with private memory is no crime: it goes when it is unmapped.
  CHECK(value_of(*reward, hoard_memory("-1", "0x22"), held_row()) == 1);
  // Reading a file by a shared mapping of it is common.
  CHECK(value_of(*reward, "import mmap\nprint(mmap.mmap(0, 0, access=mmap.ACCESS_READ)[:].decode())",
                 stdio_row({{"held", "held"}})) == 1);
}

TEST_CASE("hoard: files without content are not free") {
  for (const bool use_cgroup : {false, true}) {
    CodeConfig config = without_cgroup();
    config.sandbox.use_cgroup = use_cgroup;
    config.limits.scratch_mb = 16;
    const auto reward = sandboxed(config);
    if (!reward) return;
    const auto make_files = [](int number, const char* end) {
      return cat("import os, time\nopen('f', 'w')\nfor i in range(", number, "): os.link('f', f'{i}')\n", end,
                 "\nprint('held')");
    };
    CHECK(value_of(*reward, make_files(10'000, ""), held_row()) == 1);
    const Score score = score_program(*reward, make_files(100'000, "time.sleep(0.5)"), held_row());
    CHECK(score.value == 0);
    CHECK_MESSAGE(score.detail.find("too much memory") != std::string::npos, score.detail);
    CHECK(value_of(*reward, kHonest, sum_row()) == 1);
  }
}

TEST_CASE("hoard: a program that hides its own work cannot pass for one that the machine kept waiting") {
  CodeConfig config = without_cgroup();
  config.limits.cpu_s = 1;
  config.limits.wall_s = 3;
  const auto reward = sandboxed(config);
  if (!reward) return;
  // Children of a parent that ignores their end are in nobody's books. Fifteen of them at a time keep the parent waiting.
  const std::string hide = R"(
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    while True:
        try:
            if os.fork() == 0:
                end = time.process_time() + 0.02
                while time.process_time() < end: pass
                os._exit(0)
        except OSError: time.sleep(0.001)
while True: pass)";
  for (int round = 0; round < 2; ++round) {
    const Score score = score_program(*reward, hide, sum_row());
    CHECK_MESSAGE(status_name(score.status) == std::string("ok"), score.detail);
    CHECK(score.value == 0);
  }
}

TEST_CASE("hoard: limits that no program needs to reach are set all the same") {
  const auto reward = sandboxed(without_cgroup());
  if (!reward) return;
  // A core limit of 1 also stops dumps that the machine sends into a program of its own; 0 does not.
  const std::string limits = R"(
import resource as r
print(r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_MEMLOCK), r.getrlimit(r.RLIMIT_MSGQUEUE))
print(max(r.getrlimit(r.RLIMIT_SIGPENDING)) <= 1024))";
  CHECK(value_of(*reward, limits, stdio_row({{"", "(1, 1) (0, 0) (0, 0)\nTrue\n"}})) == 1);
}

}  // namespace
}  // namespace lockstep::rewards::code
