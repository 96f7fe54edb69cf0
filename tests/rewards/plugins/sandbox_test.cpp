// SPDX-License-Identifier: Apache-2.0
// Plugins in front of which a config puts a sandbox: what they can still do, and what they cannot.
#include <unistd.h>

#include "tests/rewards/plugins/plugin_lab.h"
#include "tests/support/run_lockstep.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

const Json kSandboxed = {{"process", {{"sandbox", "bwrap"}, {"timeout_s", 5}}}};

// Containers may forbid namespaces; then there is nothing to test.
bool has_bwrap() {
  static const bool has = [] {
    try {
      return test::run_program("/usr/bin/bwrap", {"--ro-bind", "/", "/", "--unshare-all", "true"}).exit_code == 0;
    } catch (const std::exception&) {
      return false;
    }
  }();
  if (!has) MESSAGE("bwrap does not work here: the sandbox of plugins is not tested");
  return has;
}

// 1 when `attempt` raises OSError inside of a plugin, 0 when it does not. The plugin finds `own.txt` in its folder.
double is_refused(const std::string& attempt, const Json& options) {
  PythonLab lab;
  lab.folder.write("own.txt", "x");
  const auto reward = lab.reward(cat("import os, socket\nos.chdir(os.path.dirname(__file__))\ndef reward(**kwargs):\n    try:\n        ", attempt,
                                     "\n        return [0.0]\n    except OSError: return [1.0]\n"),
                                 options);
  const Score result = score(*reward, {.completions = {"a"}})[0];
  REQUIRE_MESSAGE(result.status == Status::ok, result.detail);
  return result.value;
}

}  // namespace

TEST_CASE("plugin sandbox: a reward works in it as outside") {
  if (!has_bwrap()) return;
  PythonLab lab;
  const auto reward = lab.reward(R"(
import tempfile
def reward(completions, log_metric, **kwargs):
    with tempfile.TemporaryFile() as file: file.write(b"its own temporary files")
    log_metric("calls", 1)
    return [float(len(c)) for c in completions]
)", kSandboxed);
  const auto scores = score(*reward, {.completions = {"a", "bbb"}});
  CHECK(scores[0].value == 1);
  CHECK(scores[1].value == 3);
  CHECK(scores[0].metrics.at("calls") == 1);
}

TEST_CASE("plugin sandbox: files can be read, and files, network and other processes are out of reach, which without it they are not") {
  if (!has_bwrap()) return;
  for (const std::string& attempt : {std::string("open('own.txt', 'a')"), std::string("os.unlink('own.txt')"), std::string("os.mkdir('new')"),
                                     cat("os.kill(", ::getpid(), ", 0)"), cat("os.listdir('/proc/", ::getpid(), "')")}) {
    CAPTURE(attempt);
    CHECK(is_refused(attempt, kSandboxed) == 1);
    CHECK(is_refused(attempt, Json::object()) == 0);
  }
  CHECK(is_refused("open('own.txt').read()", kSandboxed) == 0);
  // The sockets of services are not there.
  CHECK(is_refused("len(os.listdir('/run')) or os.stat('/run/none')", kSandboxed) == 1);
  // Nobody answers there, but without a network the packet is not even sent.
  CHECK(is_refused("socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))", kSandboxed) == 1);
}

TEST_CASE("plugin sandbox: hangs, crashes and orphans end as outside") {
  if (!has_bwrap()) return;
  PythonLab lab;
  const auto reward = lab.reward(R"(
import os, time
def reward(completions, **kwargs):
    if completions[0] == "hang" and os.fork(): time.sleep(1000)
    if completions[0] == "hang": os.setsid() or time.sleep(1000)
    if completions[0] == "die": os._exit(7)
    return [1.0]
)", {{"process", {{"sandbox", "bwrap"}, {"timeout_s", 1}}}});
  for (int round = 0; round < 2; ++round) {
    CHECK(score(*reward, {.completions = {"hang"}})[0].status == Status::timeout);
    const Score died = score(*reward, {.completions = {"die"}})[0];
    CHECK(contains(died.detail, "exit code 7"));
    CHECK(score(*reward, {.completions = {"a"}})[0].value == 1);
  }
}

TEST_CASE("plugin sandbox: words of one's own stand in front, and one that cannot start is an Error of the config") {
  PythonLab lab;
  const std::string code = "import os\ndef reward(**kwargs): return [float(os.environ['FROM_LAUNCHER'])]\n";
  const auto reward = lab.reward(code, {{"process", {{"launcher", {"env", "FROM_LAUNCHER=7"}}}}});
  CHECK(score(*reward, {.completions = {"a"}})[0].value == 7);
  expect_error([&] { lab.reward(code, {{"process", {{"launcher", {"no-such-sandbox"}}}}}); },
               "the plugin cannot start: cannot start no-such-sandbox: No such file or directory", "/rewards/0", "correct the plugin");
  expect_error([&] { lab.reward(code, {{"process", {{"sandbox", "docker"}}}}); }, "docker", "/rewards/0/options/process/sandbox", "");
}

}  // namespace lockstep::rewards::plugins
