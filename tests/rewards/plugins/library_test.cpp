// SPDX-License-Identifier: Apache-2.0
// Rewards from shared libraries: the example builds in one command and works; a library that fails costs its samples only.
#include "rewards/plugins/library_reward.h"

#include <sstream>
#include <thread>

#include "base/log.h"
#include "tests/rewards/plugins/plugin_lab.h"
#include "tests/support/run_lockstep.h"

namespace lockstep::rewards::plugins {
namespace {

using base::Json;

// Builds a shared library from C or C++ sources as a user would, without any library of Lockstep.
std::string build(const std::string& source, const std::string& target) {
  std::vector<std::string> words = {"-O1", "-shared", "-fPIC", "-I", LOCKSTEP_SOURCE_DIR, source, "-o", target};
  if (source.ends_with(".cpp")) words.insert(words.begin(), "-std=c++20");
  if (source.ends_with(".c")) words.insert(words.begin(), {"-xc", "-std=c11"});
  const test::RunResult run = test::run_program(LOCKSTEP_CXX, words);
  REQUIRE_MESSAGE(run.exit_code == 0, run.err);
  return target;
}

std::unique_ptr<Reward> load(const std::string& file, const std::string& isolation, Json options = Json::object(), double timeout_s = 5) {
  return make_reward({.type = "library", .name = "mine",
                      .options = {{"file", file}, {"isolation", isolation}, {"host", LOCKSTEP_PLUGIN_HOST}, {"options", options},
                                  {"process", {{"timeout_s", timeout_s}}}}},
                     0, "/rewards/0");
}

// The library of odd_library.c, built once.
const std::string& odd_library() {
  static const test::TempFolder folder;
  static const std::string file = build(LOCKSTEP_SOURCE_DIR "/tests/rewards/plugins/odd_library.c", folder.path("libodd.so"));
  return file;
}

// A table with these first fields, in C.
std::string table_library(const test::TempFolder& folder, const std::string& fields) {
  const std::string source = folder.write("table.c", cat(R"(#include "rewards/plugins/lockstep_reward_abi.h"
static int32_t score(void* s, const lockstep_reward_batch* b) { (void)s; (void)b; return 0; }
static const lockstep_reward_plugin p = {)", fields, R"(};
const lockstep_reward_plugin* lockstep_reward_plugin_v1(void);
const lockstep_reward_plugin* lockstep_reward_plugin_v1(void) { (void)score; return p.size == 1 ? NULL : &p; }
)"));
  return build(source, folder.path("libtable.so"));
}

}  // namespace

TEST_CASE("library: the example builds in one command without Lockstep's libraries and scores, in place and in a process") {
  const test::TempFolder folder;
  const std::string file = build(LOCKSTEP_SOURCE_DIR "/examples/rewards/ends_with_answer/ends_with_answer.cpp", folder.path("libexample.so"));
  for (const char* isolation : {"none", "process"}) {
    const auto reward = load(file, isolation);
    const auto scores = score(*reward, {.completions = {"so 42", "so 41"}});
    CHECK(scores[0].value == 1);
    CHECK(scores[0].metrics.at("length") == 5);
    CHECK(scores[1].value == 0);
    CHECK(scores[1].status == Status::ok);
    const auto skipped = score(*reward, {.completions = {"so 42"}, .row = Json::object()})[0];
    CHECK(skipped.status == Status::skip);
    CHECK(skipped.detail == "the row has no answer");
  }
}

TEST_CASE("library: the example is ten lines of code") {
  std::istringstream lines(base::read_file(LOCKSTEP_SOURCE_DIR "/examples/rewards/ends_with_answer/ends_with_answer.cpp"));
  int count = 0;
  for (std::string line; std::getline(lines, line);) count += !line.empty() && !line.starts_with("//") ? 1 : 0;
  CHECK(count <= 10);
}

TEST_CASE("library: values, skips, errors and metrics arrive, in place and in a process") {
  for (const char* isolation : {"none", "process"}) {
    CAPTURE(isolation);
    const auto reward = load(odd_library(), isolation);
    const auto scores =
        score(*reward, {.completions = {"four", "skip", "nan", "inf", "status", "nothing", "metric", "bad metrics", "columns"},
                        .row = {{"answer", "x"}, {"level", 3}, {"list", {1, 2}}}});
    const std::vector<Status> expected = {Status::ok,    Status::skip,  Status::skip, Status::error, Status::error,
                                          Status::error, Status::ok,    Status::ok,   Status::ok};
    for (size_t i = 0; i < expected.size(); ++i) CHECK_MESSAGE(scores[i].status == expected[i], i);
    CHECK(scores[0].value == 4);
    CHECK(scores[3].detail == "the value is not finite");
    CHECK(scores[4].detail == "there is no status 99");
    CHECK(scores[5].detail == "the plugin gave no value");
    CHECK(scores[6].metrics == std::map<std::string, double>{{"m", 2.5}});
    CHECK(scores[7].metrics.empty());
    CHECK(scores[8].value == 3);
    const auto failed = score(*reward, {.completions = {"a", "code"}});
    for (const Score& s : failed) CHECK(s.detail == "the library failed with code 3");
    // The state lives as long as the library.
    CHECK(score(*reward, {.completions = {"count"}})[0].value == 3);
    CHECK(score(*reward, {.completions = {"count"}})[0].value == 4);
  }
}

TEST_CASE("library: in a process of its own a crash, an exit and an endless loop cost the samples of the call") {
  const auto reward = load(odd_library(), "process", Json::object(), 0.5);
  for (const auto& [word, status, detail] : std::vector<std::tuple<std::string, Status, std::string>>{
           {"crash", Status::error, "ended during the call: signal 6"},
           {"exit", Status::error, "ended during the call: exit code 7"},
           {"loop", Status::timeout, "no answer within 0.5 s"}}) {
    CAPTURE(word);
    const auto scores = score(*reward, {.completions = {"a", word}});
    for (const Score& s : scores) {
      CHECK(s.status == status);
      CHECK_MESSAGE(contains(s.detail, detail), s.detail);
    }
    CHECK(score(*reward, {.completions = {"count"}})[0].value == 1);  // a new process with a new state
  }
}

TEST_CASE("library: a call in place that returns late is a timeout, and one that is not thread-safe is never entered twice") {
  const test::TempFolder folder;
  const std::string source = folder.write("slow.c", R"(#include <unistd.h>
#include "rewards/plugins/lockstep_reward_abi.h"
static volatile int inside = 0;
static int32_t score(void* s, const lockstep_reward_batch* b) {
  (void)s;
  const int others = inside++;
  usleep(b->num_samples > 1 ? 60000 : 5000);
  inside--;
  for (uint32_t i = 0; i < b->num_samples; ++i) { b->statuses[i] = LOCKSTEP_REWARD_OK; b->values[i] = others; }
  return 0;
}
static const lockstep_reward_plugin p = {sizeof p, LOCKSTEP_REWARD_ABI_VERSION, 0, "slow", NULL, score, NULL};
const lockstep_reward_plugin* lockstep_reward_plugin_v1(void);
const lockstep_reward_plugin* lockstep_reward_plugin_v1(void) { return &p; }
)");
  const auto reward = load(build(source, folder.path("libslow.so")), "none", Json::object(), 0.05);
  CHECK(score(*reward, {.completions = {"a", "b"}})[1].status == Status::timeout);
  std::array<double, 4> most{};
  {
    std::vector<std::jthread> threads;
    for (double& value : most) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5; ++i) value = std::max(value, score(*reward, {.completions = {"a"}})[0].value);
      });
    }
  }
  for (const double value : most) CHECK(value == 0);
}

TEST_CASE("library: what it prints and logs goes to the log") {
  const test::TempFolder folder;
  const std::string log = folder.path("log");
  base::set_log_file(log);
  score(*load(odd_library(), "process"), {.completions = {"log"}});
  score(*load(odd_library(), "none"), {.completions = {"log"}});
  {
    const auto reward = load(odd_library(), "process");
    score(*reward, {.completions = {"print", "log"}});
  }
  base::set_log_file("");
  const std::string text = base::read_file(log);
  CHECK(contains(text, "reward mine: log"));
}

TEST_CASE("library: what is no reward of this version is an Error that says what to do") {
  const test::TempFolder folder;
  const std::string no_library = folder.write("text.so", "no library");
  const std::string other = build(folder.write("other.c", "int f(void); int f(void) { return 1; }"), folder.path("libother.so"));
  for (const char* isolation : {"none", "process"}) {
    CAPTURE(isolation);
    const auto fails = [&](const std::string& file, const std::string& what, Json options = Json::object()) {
      expect_error([&] { load(file, isolation, options); }, what, file, "");
    };
    fails(no_library, "cannot load the library: ");
    fails(other, "the library has no function lockstep_reward_plugin_v1");
    fails(odd_library(), "the library refuses its options: no such options: {\"a\":1}", {{"a", 1}});
    fails(table_library(folder, "1"), "lockstep_reward_plugin_v1 returned nothing");
    fails(table_library(folder, "sizeof p, 7, 0, \"x\", NULL, score, NULL"), "built for version 7 of the ABI, this is version 1");
    fails(table_library(folder, "8, 1, 0, \"x\", NULL, score, NULL"), "table has 8 bytes, version 1 has");
    fails(table_library(folder, "sizeof p, 1, 0, \"x\", NULL, NULL, NULL"), "the library has no score function");
    fails(table_library(folder, "sizeof p, 1, 0, \"x\", NULL, score, NULL"), "the library takes no options", {{"a", 1}});
  }
  expect_error([] { make_reward({.type = "library"}, 0, "/rewards/0"); }, "no library is named", "/rewards/0/options/file", "name a shared");
  expect_error([] { make_reward({.type = "library", .options = {{"file", "no.so"}}}, 0, "/rewards/0"); }, "there is no file no.so",
               "/rewards/0/options/file", "name a shared");
  expect_error([&] { make_reward({.type = "library", .options = {{"file", odd_library()}}}, 0, "/rewards/0"); },
               "this program, plugins_test, cannot serve a library", "/rewards/0/options/host", "name the program `lockstep`");
  expect_error([&] { make_reward({.type = "library", .options = {{"file", odd_library()}, {"host", "/bin/true"}}}, 0, "/rewards/0"); },
               "ended before it was ready: exit code 0", odd_library(), "correct the plugin");
}

TEST_CASE("library host: started by hand it says that it is not for that") {
  const test::RunResult run = test::run_program(LOCKSTEP_PLUGIN_HOST, {"reward", "host", "{}"});
  CHECK(run.exit_code == 1);
  CHECK(contains(run.err, "started by Lockstep itself"));
}

}  // namespace lockstep::rewards::plugins
