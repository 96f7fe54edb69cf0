// SPDX-License-Identifier: Apache-2.0
// `lockstep report`: where the page goes, and wrong command lines.
#include <filesystem>

#include "base/file.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {

TEST_CASE("report: one run's page goes into its folder, several runs' where the command was given, --output elsewhere") {
  const ScratchFolder scratch;
  std::filesystem::create_directories(scratch.path("a"));
  std::filesystem::create_directories(scratch.path("b"));
  scratch.write("a/metrics.jsonl", "{\"stage\":\"grpo\",\"step\":1,\"reward\":0.5}\n");
  const auto one = lockstep({"report", scratch.path("a")});
  CAPTURE(one.err);
  CHECK(one.exit_code == 0);
  CHECK(one.out == scratch.path("a/report.html") + "\n");
  CHECK(contains(base::read_file(scratch.path("a/report.html")), "\"reward\""));
  const auto both = lockstep({"report", scratch.path("a"), scratch.path("b"), "--output", scratch.path("both.html")});
  CHECK(both.exit_code == 0);
  CHECK(std::filesystem::is_regular_file(scratch.path("both.html")));
  CHECK_FALSE(std::filesystem::exists(scratch.path("b/report.html")));
}

TEST_CASE("report: wrong command lines and folders say what, where and how to fix it") {
  const ScratchFolder scratch;
  const auto fails = [](const std::vector<std::string>& words, int code, const std::string& text) {
    const auto result = lockstep(words);
    CAPTURE(result.err);
    CHECK(result.exit_code == code);
    CHECK(contains(result.err, text));
  };
  fails({"report"}, 2, "RUN is missing");
  fails({"report", "a", "b", "--serve"}, 2, "--serve shows one run, these are 2");
  fails({"report", "a", "--serve", "--output", "f"}, 2, "--serve writes no file");
  fails({"report", "a", "--port", "1"}, 2, "--port goes with --serve");
  fails({"report", scratch.path("none")}, 1, "there is no such run folder");
  fails({"report", scratch.path(), "--serve", "--port", "70000"}, 2, "--port is 70000");
}

}  // namespace lockstep::test
