// SPDX-License-Identifier: Apache-2.0
// What the reward refuses: bad options, and above all to run without isolation.
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "rewards/registry.h"
#include "tests/rewards/code/programs.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::code {
namespace {

CodeConfig with_python(const std::string& path) {
  CodeConfig config = quick();
  config.sandbox.python = path;
  return config;
}

TEST_CASE("errors: every config names each of its fields") {
  CHECK(base::visited<CodeConfig>() == base::arity<CodeConfig>());
  CHECK(base::visited<LimitsConfig>() == base::arity<LimitsConfig>());
  CHECK(base::visited<SandboxConfig>() == base::arity<SandboxConfig>());
  CHECK(base::visited<LanguageConfig>() == base::arity<LanguageConfig>());
}

TEST_CASE("errors: a sandbox that does not come up is an Error that says how to get one, or how to do without") {
  expect_error([] { AccuracyCode("code", with_python("/usr/bin/no-such-python"), "/rewards/0/options"); },
               "programs cannot be isolated here", "/rewards/0/options/sandbox/isolation", "\"unsafe\"");
}

TEST_CASE("errors: options that name no language, no command or no file are refused") {
  CodeConfig config = quick();
  config.language = "pyton";
  expect_error([&] { AccuracyCode("code", config, "/x"); }, "unknown language \"pyton\"", "/x/language", "python, cpp");
  config = quick();
  config.languages = {{.name = "", .run = {"/bin/sh"}}};
  expect_error([&] { AccuracyCode("code", config, "/x"); }, "has no name", "/x/languages/0", "name");
  config.languages = {{.name = "c"}};
  expect_error([&] { AccuracyCode("code", config, "/x"); }, "has no command", "/x/languages/0", "compile, run");
  config.languages = {{.name = "c", .run = {"sh"}}};
  expect_error([&] { AccuracyCode("code", config, "/x"); }, "no full path", "/x/languages/0", "/usr/bin/");
  for (const char* source : {"", "../x", "a/b", ".", "program"}) {
    config.languages = {{.name = "c", .source = source, .run = {"/bin/sh"}}};
    expect_error([&] { AccuracyCode("code", config, "/x"); }, "is no file name", "/x/languages/0", "main.");
  }
}

TEST_CASE("errors: the registry knows the type and loads its options strictly") {
  RewardConfig config = {.type = "accuracy_code", .options = {{"limit", 1}}};
  expect_error([&] { make_reward(config, 0, "/rewards/0"); }, "unknown key \"limit\"", "/rewards/0/options", "limits");
  config.options = {{"sandbox", {{"isolation", "none"}}}};
  expect_error([&] { make_reward(config, 0, "/rewards/0"); }, "none", "isolation", "unsafe");
}

bool write_text(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

enum Refusal { kRefused, kRan, kNotSetUp };

Refusal try_to_run() {
  try {
    const AccuracyCode reward("code", quick(), "/options");
  } catch (const Error& error) {
    const bool is_explained = error.where() == "/options/sandbox/isolation" &&
                              contains(error.what_happened(), "isolated") &&
                              contains(error.fix(), "install bubblewrap") && contains(error.fix(), "\"unsafe\"");
    return is_explained ? kRefused : kRan;
  }
  return kRan;
}

// Where not even this much can be set up, the machine itself has no namespaces, and the reward must refuse as well - unless
// it grants them to chosen programs only, bubblewrap among them.
Refusal without_namespaces() {
  if (::unshare(CLONE_NEWUSER) == 0 && write_text("/proc/sys/user/max_user_namespaces", "0")) return try_to_run();
  return try_to_run() == kRefused ? kRefused : kNotSetUp;
}

Refusal without_bubblewrap() {
  const bool is_hidden = ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
                         ::mount("/dev/null", "/usr/bin/bwrap", nullptr, MS_BIND, nullptr) == 0;
  if (is_hidden) return try_to_run();
  return try_to_run() == kRefused ? kRefused : kNotSetUp;
}

// In a child process, which may change its namespaces.
void check_refusal(Refusal (*attempt)()) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(attempt());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNotSetUp) {
    std::cout << "SKIPPED: this test may make no namespaces" << std::endl;
  } else {
    CHECK(WEXITSTATUS(status) == kRefused);
  }
}

TEST_CASE("refusal: on a machine without user namespaces the reward refuses to run") {
  check_refusal(without_namespaces);
}

TEST_CASE("refusal: without bubblewrap the reward refuses to run") { check_refusal(without_bubblewrap); }

TEST_CASE("errors: with isolation unsafe it runs, and judges as it does in a sandbox") {
  CodeConfig config = quick();
  config.sandbox.isolation = "unsafe";
  const AccuracyCode reward("code", config, "/options");
  CHECK(value_of(reward, kHonest, sum_row()) == 1);
  CHECK(value_of(reward, "print(3)", sum_row()) == 0);
  CHECK(value_of(reward, "while True: pass", sum_row()) == 0);
  CHECK(value_of(reward, "import time\ntime.sleep(60)", sum_row()) == 0);
  CHECK(value_of(reward, "def f(x): return x", call_row("f", {{1}}, {1})) == 1);
}

}  // namespace
}  // namespace lockstep::rewards::code
