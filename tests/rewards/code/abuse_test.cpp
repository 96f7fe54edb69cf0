// SPDX-License-Identifier: Apache-2.0
// Programs that take what they can get: time, memory, processes, output, files. Each is ended, judged, and leaves no trace.
#include <chrono>
#include <thread>

#include "rewards/code/process.h"
#include "tests/rewards/code/programs.h"

namespace lockstep::rewards::code {
namespace {

// These use no processor and wait for their deadline.
const std::vector<std::pair<std::string, std::string>> kSleepers = {
    {"sleeps", "import time\ntime.sleep(1000)"},
    {"waits for a signal that never comes", "import signal\nsignal.pause()"},
    {"sleeps and ignores every signal", R"(
import signal, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
time.sleep(1000))"},
    {"starts threads without end", R"(
import threading, time
while True:
    try: threading.Thread(target=time.sleep, args=(1000,)).start()
    except RuntimeError: pass)"},
    {"stops itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"},
};

const std::vector<std::pair<std::string, std::string>> kAbuses = {
    {"loops", "while True: pass"},
    {"loops and ignores the signal for it",
     "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"},
    {"computes in C without end", "print(len(str(7 ** (10 ** 8))))"},
    {"compiles a power tower", "x = 9 ** 9 ** 9 ** 9"},
    {"takes memory in small pieces", "x = []\nwhile True: x.append('x' * 1000 + str(len(x)))"},
    {"takes memory at once", "x = bytearray(1 << 34)"},
    {"catches MemoryError and goes on", R"(
x = []
while True:
    try: x.append(bytearray(1 << 22))
    except MemoryError: pass)"},
    {"takes memory in many processes", R"(
import os
while True:
    try: os.fork()
    except OSError: break
x = []
while True:
    try: x.append(b'x' * (1 << 20))
    except MemoryError: pass)"},
    {"forks without end", R"(
import os
while True:
    try: os.fork()
    except OSError: pass)"},
    {"forks and exits without end", R"(
import os
while True:
    try:
        if os.fork(): os._exit(0)
    except OSError: pass)"},
    {"leaves zombies", R"(
import os
for _ in range(12):
    if os.fork() == 0: os._exit(0)
while True: pass)"},
    {"leaves a daemon behind that holds its output", R"(
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)
raise SystemExit(1))"},
    {"prints without end", "while True: print('x' * 10000)"},
    {"prints without end and ignores the signal for it", R"(
import signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
while True:
    try: sys.stdout.write('x' * 10000); sys.stdout.flush()
    except OSError: pass)"},
    {"prints to standard error without end", "import sys\nwhile True: print('x' * 10000, file=sys.stderr)"},
    {"fills its folder with one file", "with open('x', 'wb') as f:\n    while True: f.write(b'x' * (1 << 20))"},
    {"fills its folder with many files", "i = 0\nwhile True:\n    i += 1\n    open(f'{i}', 'wb').write(b'x' * 100000)"},
    {"makes folders in folders", "import os\nwhile True:\n    os.mkdir('d'); os.chdir('d')"},
    {"locks its folder", "import os\nos.chmod('.', 0)\nraise SystemExit(1)"},
    {"recurses", "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(n): return f(n + 1) + 1\nf(0)"},
    {"recurses in C", "import sys\nsys.setrecursionlimit(10 ** 9)\nx = []\nfor _ in range(10 ** 6): x = [x]\nrepr(x)"},
    {"crashes", "import ctypes\nctypes.string_at(0)"},
    {"aborts", "import os\nos.abort()"},
    {"kills everything that it can see", "import os, signal\nos.kill(-1, signal.SIGKILL)\nraise SystemExit(1)"},
    {"kills its group", "import os, signal\nos.kill(0, signal.SIGKILL)"},
    {"reads more input than there is", "import sys\nwhile True: sys.stdin.read()"},
    {"asks for input that is not there", "while True: input()"},
    {"closes its input and output", "import os\nos.closerange(0, 64)\nraise SystemExit(1)"},
    {"opens files without end", "x = []\nwhile True: x.append(open('/dev/null'))"},
    {"has no code", ""},
    {"is no program", "this is no program"},
    {"holds a NUL", std::string("print(3)\0", 9)},
    {"is nested without end", std::string(50'000, '(') + "1" + std::string(50'000, ')')},
    {"is nested in blocks",
     [] {
       std::string source;
       for (int depth = 0; depth < 300; ++depth) source += std::string(static_cast<size_t>(depth), ' ') + "if 1:\n";
       return source;
     }()},
    {"is one long operator chain", "x = 1" +
                                       [] {
                                         std::string sum;
                                         for (int i = 0; i < 50'000; ++i) sum += "+1";
                                         return sum;
                                       }()},
    {"is ill-formed UTF-8", "print('\xff\xfe')"},
    {"is huge", "x = '" + std::string(1 << 20, 'x') + "'"},
};

TEST_CASE("abuse: every abusive program gets 0, and the next honest one gets 1") {
  const auto reward = sandboxed();
  if (!reward) return;
  for (const auto& [name, source] : kAbuses) {
    CAPTURE(name);
    CHECK(value_of(*reward, source, sum_row()) == 0);
    CHECK(value_of(*reward, kHonest, sum_row()) == 1);
  }
}

TEST_CASE("abuse: a program that waits for its deadline gets 0, and the next honest one gets 1") {
  CodeConfig config = quick();
  config.limits.wall_s = 0.7;
  const auto brief = sandboxed(config), reward = sandboxed();
  if (!brief || !reward) return;
  for (const auto& [name, source] : kSleepers) {
    CAPTURE(name);
    CHECK(value_of(*brief, source, sum_row()) == 0);
    CHECK(value_of(*reward, kHonest, sum_row()) == 1);
  }
}

TEST_CASE("abuse: in a function test it gets 0 too") {
  const auto reward = sandboxed();
  if (!reward) return;
  const Json row = call_row("f", {{1}}, {1});
  for (const char* body : {"while True: pass", "import os; os.abort()", "return [0] * 10 ** 10",
                           "x = []; x.append(x); return x", "return 'x' * 10 ** 7", "return {1: {2: {3: x}}}",
                           "return object()", "return {1, 2}", "return 10 ** 10 ** 7"}) {
    CAPTURE(body);
    CHECK(value_of(*reward, cat("def f(x):\n    ", body), row) == 0);
  }
  CHECK(value_of(*reward, "def f(x): return x", row) == 1);
}

TEST_CASE("abuse: standard error is for the log only") {
  const auto reward = sandboxed();
  if (!reward) return;
  CHECK(value_of(*reward, "import sys\nprint('x' * 1000, file=sys.stderr)\n" + kHonest, sum_row()) == 1);
  const Score score = score_program(*reward, "raise ValueError('\\x1b[2J')", sum_row());
  CHECK(score.detail.find('\x1b') == std::string::npos);
  CHECK(score.detail.size() < 600);
}

TEST_CASE("abuse: without limits of address space, and without a cgroup, memory is watched from outside") {
  CodeConfig config = quick();
  config.language = "snake";
  config.sandbox.use_cgroup = false;
  config.limits.cpu_s = 20;
  config.limits.wall_s = 60;
  config.languages = {
      {.name = "snake", .source = "main.py", .run = {"/usr/bin/python3", "main.py"}, .limit_address_space = false}};
  const auto reward = sandboxed(config);
  if (!reward) return;
  const Score score =
      score_program(*reward, "import time\nx = bytearray(b'x') * (700 << 20)\ntime.sleep(100)", sum_row(), "snake");
  CHECK(score.value == 0);
  CHECK_MESSAGE(score.detail.find("too much memory") != std::string::npos, score.detail);
  CHECK(value_of(*reward, kHonest, sum_row(), "snake") == 1);
}

TEST_CASE("abuse: a program that is slow does not cost a deadline for each of its tests") {
  CodeConfig config = quick();
  config.credit = "share";
  const auto reward = sandboxed(config);
  if (!reward) return;
  std::vector<std::pair<std::string, std::string>> tests(50, {"1 2\n", "3\n"});
  const double started = now_s();
  const Score score = score_program(*reward, "while True: pass", stdio_row(tests));
  CHECK(score.value == 0);
  CHECK(score.metrics.at("runs_out") == 1);
  // Two processes' limits of 1 s on a machine that may be busy, but not fifty.
  CHECK(now_s() - started < 25);
}

TEST_CASE("abuse: a compiler that is led astray is ended like a program") {
  CodeConfig config = quick();
  config.language = "cpp";
  config.limits.compile_cpu_s = 2;
  config.limits.compile_memory_mb = 512;
  const auto reward = sandboxed(config);
  if (!reward) return;
  const Json row = stdio_row({{"", "1\n"}});
  for (const char* source :
       {"#include \"/dev/zero\"", "#include \"/dev/random\"", "#include __FILE__\n#include __FILE__\nint main() {}",
        "template <int N> struct A : A<N + 1>, A<N + 2> {}; A<0> a; int main() {}",
        "constexpr int f(long n) { return n < 2 ? 1 : f(n - 1) + f(n - 2); } static_assert(f(90) > 0); int main() {}",
        "char x[1ul << 40] = {1}; int main() {}", "int main() { return 1; }", "int main() { __builtin_trap(); }",
        "int main() { for (;;) ; }", "#include <unistd.h>\nint main() { for (;;) fork(); }",
        "#include <vector>\nint main() { for (;;) new std::vector<char>(1 << 20, 1); }",
        "int f(int n) { volatile char x[1000] = {}; return f(n + 1) + x[0]; } int main() { return f(0); }",
        "#include <cstdio>\nint main() { for (;;) puts(\"x\"); }"}) {
    CAPTURE(source);
    CHECK(value_of(*reward, source, row, "cpp") == 0);
  }
  CHECK(value_of(*reward, "#include <cstdio>\nint main() { puts(\"1\"); }", row, "cpp") == 1);
}

TEST_CASE("abuse: many threads score good and bad programs at once, and each gets what it earns") {
  const auto reward = sandboxed();
  if (!reward) return;
  std::vector<std::thread> threads;
  std::vector<int> faults(8, 0);
  for (size_t t = 0; t < faults.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 12; ++round) {
        const bool is_honest = (static_cast<int>(t) + round) % 2 == 0;
        const std::string source = is_honest ? kHonest : "import os\nos.kill(-1, 9)\nopen('x', 'w')\nprint(3)";
        const Score score = score_program(*reward, source, sum_row());
        if (score.status != Status::ok || score.value != (is_honest ? 1.0 : 0.0)) ++faults[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int fault : faults) CHECK(fault == 0);
}

}  // namespace
}  // namespace lockstep::rewards::code
