// SPDX-License-Identifier: Apache-2.0
// Honest programs, right and wrong: what they earn in each language and form.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "rewards/code/memory_file.h"
#include "rewards/code/sandbox.h"
#include "tests/rewards/code/programs.h"

namespace lockstep::rewards::code {
namespace {

TEST_CASE("judge: a program earns 1 only when every test passes, or its share of them") {
  const auto all = sandboxed();
  if (!all) return;
  CodeConfig config = quick();
  config.credit = "share";
  const auto share = sandboxed(config);
  const Json row = stdio_row({{"1", "1"}, {"2", "2"}, {"3", "0"}, {"4", "4"}});
  const std::string echo = "print(input())";
  CHECK(value_of(*all, echo, row) == 0);
  CHECK(value_of(*share, echo, row) == 0.75);
  const Score score = score_program(*share, echo, row);
  CHECK(score.metrics.at("pass_share") == 0.75);
  CHECK(score.metrics.at("compiles") == 1);
  CHECK(score.detail.find("test 3 of 4") != std::string::npos);
  config.max_tests = 2;
  CHECK(value_of(*sandboxed(config), echo, row) == 1);
}

TEST_CASE("judge: C++ programs are compiled once and run on each input") {
  CodeConfig config = quick();
  config.language = "cpp";
  const auto reward = sandboxed(config);
  if (!reward) return;
  const std::string sum =
      "#include <bits/stdc++.h>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b << '\\n'; }";
  CHECK(value_of(*reward, sum, sum_row(), "cpp") == 1);
  CHECK(value_of(*reward, sum, sum_row(), "c++") == 1);
  CHECK(value_of(*reward, "int main() { return 0; }", sum_row(), "cpp") == 0);
  const Score broken = score_program(*reward, "int main() { return x; }", sum_row(), "cpp");
  CHECK(broken.value == 0);
  CHECK(broken.metrics.at("compiles") == 0);
  CHECK_MESSAGE(broken.detail.find("does not compile") != std::string::npos, broken.detail);
  // Function tests have Python's values.
  CHECK(score_program(*reward, sum, call_row("f", {{1}}, {1}), "cpp").status == Status::skip);
}

TEST_CASE("judge: a language of the config runs by its commands, and a row may name its language") {
  CodeConfig config = quick();
  config.language = "column";
  config.languages = {
      {.name = "shell", .tags = {"bash"}, .source = "main.sh", .run = {"/bin/sh", "main.sh"}},
      {.name = "c", .source = "main.c", .compile = {"/usr/bin/gcc", "-O1", "-o", "program", "main.c"}, .run = {}}};
  const auto reward = sandboxed(config);
  if (!reward) return;
  Json row = sum_row();
  CHECK(score_program(*reward, kHonest, row).status == Status::skip);
  row["language"] = "shell";
  CHECK(value_of(*reward, "read a b; echo $((a + b))", row, "bash") == 1);
  CHECK(value_of(*reward, "read a b; echo $((a - b))", row, "bash") == 0);
  row["language"] = "c";
  CHECK(value_of(*reward,
                 "#include <stdio.h>\nint main() { int a, b; scanf(\"%d%d\", &a, &b); printf(\"%d\", a + b); }", row,
                 "c") == 1);
  row["language"] = "python";
  CHECK(value_of(*reward, kHonest, row) == 1);
  row["language"] = "cobol";
  CHECK(score_program(*reward, kHonest, row).status == Status::skip);
}

TEST_CASE("judge: functions, methods of Solution and every JSON value") {
  const auto reward = sandboxed();
  if (!reward) return;
  const Json values = {
      nullptr, true, -7, 2.5, "text \u00e9 \u4e2d", {1, {2, 3}}, {{"key", {1, 2}}, {"other", nullptr}}};
  Json arguments = Json::array();
  for (const Json& value : values) arguments.push_back(Json::array({value}));
  CHECK(value_of(*reward, "def same(x): return x", call_row("same", arguments, values)) == 1);
  CHECK(value_of(*reward, "class Solution:\n    def same(self, x: List[int]) -> List[int]:\n        return x",
                 call_row("same", arguments, values)) == 1);
  CHECK(value_of(*reward, "def same(x): return None", call_row("same", arguments, values)) == 0);
  // Tuples are lists, subclasses are their base; sets and objects are no values.
  CHECK(value_of(*reward, "def f(n): return (n, (n + 1,))", call_row("f", {{1}}, {{1, {2}}})) == 1);
  CHECK(value_of(*reward, "def f(n): return Counter({n: 2})", call_row("f", {{"a"}}, {{{"a", 2}}})) == 1);
  CHECK(value_of(*reward, "def f(n): return {n}", call_row("f", {{1}}, {{1}})) == 0);
  // Integers of any size are exact.
  const Json big = {
      {"input_output", R"({"fn_name": "f", "inputs": [[3]], "outputs": [1000000000000000000000000000003]})"}};
  CHECK(value_of(*reward, "def f(n): return 10 ** 30 + n", big) == 1);
  CHECK(value_of(*reward, "def f(n): return 10 ** 30 + n + 1", big) == 0);
  // Arguments that the function changes are its own, and what it prints is not its result.
  CHECK(value_of(*reward, "def f(x):\n    print('noise')\n    x.sort()\n    return x",
                 call_row("f", {{{3, 1}}}, {{1, 3}})) == 1);
}

TEST_CASE("judge: scripts see what scripts see") {
  const auto reward = sandboxed();
  if (!reward) return;
  const std::vector<std::pair<std::string, std::string>> scripts = {
      {"if __name__ == '__main__':\n    print(1)", "1"},
      {"import sys\nprint(len(sys.argv), sys.stdin.read())", "1 in"},
      {"import sys\nprint(sys.stdin.buffer.read().decode())", "in"},
      {"print(open(0).read())", "in"},
      {"import os\nprint(os.read(0, 10).decode())", "in"},
      {"import sys\nfor line in sys.stdin: print(line)", "in"},
      {"import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    print(2)\nasyncio.run(main())", "2"},
      {"import threading\nt = threading.Thread(target=print, args=(3,))\nt.start()", "3"},
      {"import atexit\natexit.register(print, 4)", "4"},
      {"import os\nif os.fork() == 0:\n    print(5, flush=True)\n    os._exit(0)\nos.wait()", "5"},
      {"import subprocess\nprint(subprocess.run(['echo', '6'], capture_output=True, text=True).stdout)", "6"},
      {"open('x', 'w').write('7')\nprint(open('x').read())", "7"},
      {"import tempfile\nwith tempfile.TemporaryFile() as f: print(f.write(b'12345678'))", "8"},
      {"import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))).__name__)", "A"},
      {"import sys\nsys.setrecursionlimit(20000)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(15000))",
       "15000"},
      {"from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nprint(P(1))", "P(x=1)"},
      {"print('\\u00e9\\u4e2d')", "\u00e9\u4e2d"},
      {"from multiprocessing import Pool\nif __name__ == '__main__':\n    with Pool(2) as p: print(p.map(abs, [-1, "
       "2]))",
       "[1, 2]"},
  };
  for (const auto& [source, output] : scripts) {
    CHECK_MESSAGE(value_of(*reward, source, stdio_row({{"in", output}})) == 1, source);
  }
}

// What a program prints in a sandbox of its own.
std::string output_of(const std::string& source) {
  const CodeConfig config = quick();
  Sandbox sandbox(config.sandbox, config.limits);
  const base::FileHandle text = sealed_memory_file(source);
  const JobLimits limits = {
      .cpu_s = 5, .wall_s = 60, .memory_bytes = 1 << 28, .stack_bytes = 1 << 26, .file_bytes = 1 << 20, .processes = 8};
  const Outcome code = sandbox.run({.kind = "compile", .program = &text, .limits = limits});
  return sandbox.run({.kind = "main", .program = &code.result, .limits = limits}).output;
}

TEST_CASE("judge: what differs between runs of an interpreter is the same in each sandbox") {
  if (!sandboxed()) return;
  const std::string source = "import random\nprint({'a', 'b', 'c'}, hash('x'), random.random())";
  const std::string first = output_of(source);
  CHECK(first.size() > 20);
  CHECK(output_of(source) == first);
  CHECK(output_of(source) == first);
}

TEST_CASE("judge: outputs are compared whole, with NULs and without line ends") {
  const auto reward = sandboxed();
  if (!reward) return;
  const Json nul = stdio_row({{"", std::string("a\0b", 3)}});
  CHECK(value_of(*reward, "print('a\\0b')", nul) == 1);
  CHECK(value_of(*reward, "print('a\\0c')", nul) == 0);
  CHECK(value_of(*reward, "print('a')", nul) == 0);
  const Json input = stdio_row({{std::string("x\0y\n", 4), "3"}});
  CHECK(value_of(*reward, "print(len(input()))", input) == 1);
  const std::string large(300'000, 'x');
  CHECK(value_of(*reward, "print(input())", stdio_row({{large, large}})) == 1);
  CHECK(value_of(*reward, "print(input()[1:])", stdio_row({{large, large}})) == 0);
}

// Kills the servers of all sandboxes of this process: children of its children.
void kill_servers() {
  const auto children = [](const std::string& pid) {
    std::vector<std::string> found;
    for (const auto& thread : std::filesystem::directory_iterator(cat("/proc/", pid, "/task"))) {
      std::ifstream file(thread.path() / "children");
      for (std::string child; file >> child;) found.push_back(child);
    }
    return found;
  };
  for (const std::string& outer : children("self")) {
    for (const std::string& inner : children(outer)) ::kill(std::atoi(inner.c_str()), SIGKILL);
  }
}

TEST_CASE("judge: a sandbox that is killed from outside is replaced, and the program is judged all the same") {
  CodeConfig config = quick();
  config.limits.wall_s = 20;
  const auto reward = sandboxed(config);
  if (!reward) return;
  const std::string slow = "import time\ntime.sleep(0.5)\n" + kHonest;
  const Json row = stdio_row({{"1 2", "3"}});
  std::thread once([] {
    ::usleep(250'000);
    kill_servers();
  });
  CHECK(value_of(*reward, slow, row) == 1);
  once.join();
  // A program whose every sandbox breaks is at fault when those of others do not.
  std::atomic<bool> is_done = false;
  std::thread always([&] {
    while (!is_done) {
      ::usleep(1'000'000);
      kill_servers();
    }
  });
  const Score score = score_program(*reward, "import time\ntime.sleep(5)\n" + kHonest, row);
  is_done = true;
  always.join();
  CHECK(score.value == 0);
  CHECK(value_of(*reward, kHonest, row) == 1);
}

TEST_CASE("judge: only the program after the thinking counts, and a row without tests is skipped") {
  const auto reward = sandboxed();
  if (!reward) return;
  const std::string right = fenced(kHonest), wrong = fenced("print(0)");
  CHECK(score_completion(*reward, "<think>" + wrong + "</think>" + right, sum_row()).value == 1);
  CHECK(score_completion(*reward, "<think>" + right + "</think>" + wrong, sum_row()).value == 0);
  CHECK(score_completion(*reward, "<think>" + right, sum_row()).value == 0);
  CHECK(score_completion(*reward, wrong + right, sum_row()).value == 1);
  CHECK(score_completion(*reward, right + wrong, sum_row()).value == 0);
  CHECK(score_completion(*reward, kHonest, sum_row()).value == 0);
  CHECK(score_completion(*reward, kHonest, sum_row()).metrics.at("has_code") == 0);
  CHECK(score_completion(*reward, right, {{"answer", "3"}}).status == Status::skip);
  CHECK(score_completion(*reward, right, {{"other", "3"}}).status == Status::skip);
  // No program may print as much as this test expects: that says nothing about the program.
  const Json large = stdio_row({{"1 2", "3"}, {"", std::string((1 << 20) + 1, 'x')}});
  CHECK(score_completion(*reward, right, large).status == Status::skip);
  CodeConfig config = quick();
  config.require_fence = false;
  CHECK(score_completion(*sandboxed(config), kHonest, sum_row()).value == 1);
}

}  // namespace
}  // namespace lockstep::rewards::code
