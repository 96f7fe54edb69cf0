// SPDX-License-Identifier: Apache-2.0
// Python plugins that crash, hang, lie, flood and meddle: each costs its own samples and nothing else, within a deadline.
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/log.h"
#include "tests/rewards/plugins/plugin_lab.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

const Json kHasty = {{"process", {{"timeout_s", 0.4}}}};

// The plugin misbehaves for a completion "bad" and must work before and after.
void check_recovers(const std::string& body, Status expected, const std::string& detail, Json options = kHasty) {
  PythonLab lab;
  CAPTURE(body);
  const auto reward = lab.reward(cat("import os, sys, time, itertools\ndef reward(completions, **kwargs):\n"
                                     "    if 'bad' in completions:\n        ",
                                     body, "\n    return [float(len(c)) for c in completions]\n"),
                                 options);
  const auto start = std::chrono::steady_clock::now();
  for (int round = 0; round < 2; ++round) {
    CHECK(score(*reward, {.completions = {"abc"}})[0].value == 3);
    const auto scores = score(*reward, {.completions = {"a", "bad"}});
    REQUIRE(scores.size() == 2);
    for (const Score& s : scores) {
      CHECK_MESSAGE(s.status == expected, s.detail);
      CHECK(s.value == 0);
      CHECK_MESSAGE(contains(s.detail, detail), s.detail);
    }
  }
  CHECK(score(*reward, {.completions = {"ab"}})[0].value == 2);
  CHECK(seconds_since(start) < 10);
}

std::string file_text(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Processes whose command line contains `text`.
int count_processes(const std::string& text) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    if (contains(file_text(entry.path() / "cmdline"), text)) ++count;
  }
  return count;
}

// The same once it is `expected`, or after 2 s: a killed process takes a moment to end.
int num_processes(const std::string& text, int expected) {
  int count = count_processes(text);
  for (int i = 0; i < 100 && count != expected; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    count = count_processes(text);
  }
  return count;
}

}  // namespace

TEST_CASE("python hostile: crashes") {
  check_recovers("os._exit(0)", Status::error, "ended during the call: exit code 0");
  check_recovers("os.kill(os.getpid(), 11)", Status::error, "ended during the call: signal 11");
  check_recovers("sys.exit(5)", Status::error, "SystemExit: 5");
  check_recovers("raise KeyboardInterrupt", Status::error, "KeyboardInterrupt");
  check_recovers("raise ValueError('x' * 10**6)", Status::error, "ValueError: xxx");
  check_recovers("(lambda f: f(f))(lambda f: f(f))", Status::error, "RecursionError");
}

TEST_CASE("python hostile: hangs end at the deadline") {
  check_recovers("time.sleep(1000)", Status::timeout, "no answer within 0.4 s");
  check_recovers("\n        while True: pass", Status::timeout, "no answer within 0.4 s");
  check_recovers("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)", Status::timeout, "no answer");
  check_recovers("os.fork() or time.sleep(1000)\n        time.sleep(1000)", Status::timeout, "no answer within");
}

TEST_CASE("python hostile: wrong numbers and kinds of results") {
  check_recovers("return [1.0]", Status::error, "1 rewards for 2 completions");
  check_recovers("return []", Status::error, "0 rewards for 2 completions");
  check_recovers("return [1.0] * 10**6", Status::error, "more than 2 rewards for 2 completions");
  check_recovers("return itertools.count()", Status::error, "more than 2 rewards for 2 completions");
  check_recovers("return 'ab'", Status::error, "a list of rewards is needed, not str");
  check_recovers("return {0: 1.0, 1: 1.0}", Status::error, "a list of rewards is needed, not dict");
  check_recovers("return None", Status::error, "a list of rewards is needed, not NoneType");
  check_recovers("return 1.0", Status::error, "a list of rewards is needed, not float");
  check_recovers("kwargs['log_metric']('m', float('inf'))", Status::error, "not finite");
  check_recovers("return ['1', b'2']", Status::error, "a reward of type");
}

TEST_CASE("python hostile: huge answers are refused, not read") {
  check_recovers("kwargs['log_extra']('x', ['y' * 10**8] * 2); return [object()] * 2", Status::error, "a reward of type object");
  check_recovers("\n        for i in range(70): kwargs['log_metric'](str(i), 1)", Status::error, "metrics must be at most 64");
  // Past the host's own limits, straight into the channel.
  const std::string find_socket = "import gc, socket; s = [o for o in gc.get_objects() if isinstance(o, socket.socket)][0]; ";
  check_recovers(find_socket + "s.sendall(b'\\xff\\xff\\xff\\x7f' + b'x' * 1000); time.sleep(9)", Status::error,
                 "broke the protocol: a message of 2147483647 bytes");
  check_recovers(find_socket + "s.sendall(b'\\x02\\0\\0\\0[]'); time.sleep(9)", Status::error, "broke the protocol");
  check_recovers(find_socket + "s.sendall(b'\\x03\\0\\0\\0\\xff{}'); time.sleep(9)", Status::error, "broke the protocol");
  check_recovers(find_socket + "s.sendall(b'\\x09\\0\\0\\0{\"id\": 0}'); time.sleep(9)", Status::error, "a message that answers no call");
  check_recovers(find_socket + "s.close(); time.sleep(9)", Status::error, "ended during the call");
}

TEST_CASE("python hostile: an answer that nobody asked for is not taken for the next one") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
import gc, socket, json, struct, os
def reward(completions, **kwargs):
    if completions[0] == "bad":
        s = [o for o in gc.get_objects() if isinstance(o, socket.socket)][0]
        for i in range(100):
            body = json.dumps({"id": i, "scores": [{"value": 666}]}).encode()
            s.sendall(struct.pack("<I", len(body)) + body)
    return [1.0]
)");
  for (int round = 0; round < 3; ++round) {
    CHECK(score(*reward, {.completions = {"bad"}})[0].status == Status::error);
    CHECK(score(*reward, {.completions = {"good"}})[0].value == 1);
  }
}

TEST_CASE("python hostile: a process that dies between calls is replaced unseen") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
import threading, os, time
def reward(completions, **kwargs):
    threading.Thread(target=lambda: (time.sleep(0.05), os._exit(1)), daemon=True).start()
    return [float(os.getpid())]
)");
  const double first = score(*reward, {.completions = {"a"}})[0].value;
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto second = score(*reward, {.completions = {"a"}})[0];
  CHECK(second.status == Status::ok);
  CHECK(second.value != first);
}

TEST_CASE("python hostile: prints on every channel go to the log, a flood in part, and corrupt nothing") {
  PythonLab lab;
  const std::string log = lab.folder.path("log");
  base::set_log_file(log);
  {
    const auto reward = lab.reward(R"(
import os, sys
def reward(completions, **kwargs):
    print("to stdout \x1b[31m")
    print("to stderr", file=sys.stderr)
    os.write(1, b"raw one\n")
    for fd in range(3, 20):
        try: os.write(fd, b"garbage")
        except OSError: pass
    if completions[0] == "flood":
        for _ in range(20000): print("z" * 1000)
    return [1.0]
)", Json::object(), "loud");
    CHECK(score(*reward, {.completions = {"a"}})[0].value == 1);
    CHECK(score(*reward, {.completions = {"flood"}})[0].value == 1);
    CHECK(score(*reward, {.completions = {"b"}})[0].value == 1);
  }
  base::set_log_file("");
  const std::string text = file_text(log);
  CHECK(contains(text, "reward loud: to stdout \\x1b[31m"));
  CHECK(contains(text, "reward loud: to stderr"));
  CHECK(contains(text, "reward loud: raw one"));
  CHECK(contains(text, "more bytes of output were dropped)"));
  CHECK(text.size() < 200'000);
  CHECK(text.size() > 60'000);
}

TEST_CASE("python hostile: children of a plugin end with it") {
  PythonLab lab;
  const std::string marker = "lockstep_orphan_" + std::to_string(::getpid());
  {
    const auto reward = lab.reward(cat(R"(
import subprocess, sys, time
def reward(completions, **kwargs):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000) #)", marker, R"("])
    if completions[0] == "hang": time.sleep(1000)
    return [1.0]
)"), kHasty);
    CHECK(score(*reward, {.completions = {"a"}})[0].value == 1);
    CHECK(num_processes(marker, 1) == 1);
    CHECK(score(*reward, {.completions = {"hang"}})[0].status == Status::timeout);
    CHECK(num_processes(marker, 0) == 0);
    CHECK(score(*reward, {.completions = {"a"}})[0].value == 1);
  }
  CHECK(num_processes(marker, 0) == 0);
}

TEST_CASE("python hostile: memory above the limit is an error of the call") {
  check_recovers("x = bytearray(2 * 10**9)", Status::error, "MemoryError", {{"process", {{"max_memory_mb", 512}}}});
}

TEST_CASE("python hostile: a plugin that stops loading is tried three times, then answers at once that it is not") {
  PythonLab lab;
  const std::string flag = lab.folder.path("flag");
  const auto reward = lab.reward(cat("import os\nif os.path.exists('", flag, "'): os._exit(9)\nopen('", flag,
                                     "', 'w').close()\ndef reward(**kwargs): os._exit(1)\n"));
  std::string details;
  for (int i = 0; i < 6; ++i) details += score(*reward, {.completions = {"a"}})[0].detail + "\n";
  CHECK(contains(details, "ended during the call: exit code 1"));
  CHECK(contains(details, "ended before it was ready: exit code 9"));
  const auto start = std::chrono::steady_clock::now();
  CHECK(contains(score(*reward, {.completions = {"a"}})[0].detail, "not started again yet, after 3 failures"));
  CHECK(seconds_since(start) < 0.05);
}

TEST_CASE("python hostile: a plugin that hangs for good costs three deadlines, then at most a tenth of the time") {
  PythonLab lab;
  const std::string flag = lab.folder.path("flag");
  const auto reward = lab.reward(cat("import os, time\ndef reward(**kwargs):\n    if not os.path.exists('", flag,
                                     "'): time.sleep(1000)\n    return [1.0]\n"),
                                 {{"process", {{"timeout_s", 0.2}}}});
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) CHECK(contains(score(*reward, {.completions = {"a"}})[0].detail, "no answer within 0.2 s"));
  CHECK(seconds_since(start) > 0.55);
  start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    const Score refused = score(*reward, {.completions = {"a"}})[0];
    CHECK(refused.status == Status::timeout);
    CHECK(refused.detail == "not asked again yet, after 3 calls without an answer");
  }
  CHECK(seconds_since(start) < 1);
  // When the pause is over, one call tries, and a plugin that has recovered is used as before.
  lab.folder.write("flag", "");
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  for (int i = 0; i < 3; ++i) CHECK(score(*reward, {.completions = {"a"}})[0].value == 1);
}

TEST_CASE("python hostile: a hanging sample of verl's form costs itself, and threads share the workers") {
  PythonLab lab;
  const auto reward = lab.reward(R"(
import os, time
def compute_score(solution_str, **kwargs):
    if solution_str == "hang": time.sleep(1000)
    if solution_str == "die": os._exit(1)
    return float(len(solution_str))
)", {{"process", {{"num_workers", 2}, {"timeout_s", 0.4}}}});
  std::atomic<int> num_wrong = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const Group group{.completions = {"a", t == 0 ? "hang" : "bb", t == 1 ? "die" : "ccc", "dddd"}};
      const auto scores = score(*reward, group);
      for (size_t i = 0; i < 4; ++i) {
        const Status expected = group.completions[i] == "hang"  ? Status::timeout
                                : group.completions[i] == "die" ? Status::error
                                                                : Status::ok;
        const bool is_right = scores[i].status == expected && (expected != Status::ok || scores[i].value == static_cast<double>(i + 1));
        num_wrong += is_right ? 0 : 1;
      }
    });
  }
  threads.clear();
  CHECK(num_wrong == 0);
}

}  // namespace lockstep::rewards::plugins
