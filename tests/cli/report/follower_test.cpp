// SPDX-License-Identifier: Apache-2.0
// Following a file: every whole line once, whatever way it is written, cut off, or replaced by another file.
#include <doctest/doctest.h>

#include "base/rng.h"
#include "cli/report/line_follower.h"
#include "tests/cli/report/run_folder.h"
#include "tests/support/errors.h"

namespace lockstep::test {
namespace {

using cli::report::LineFollower;
using Change = LineFollower::Change;

struct Lines {
  std::vector<std::string> lines;
  Change poll(LineFollower& follower) {
    return follower.poll([&](std::string_view line) { lines.emplace_back(line); });
  }
};

}  // namespace

TEST_CASE("follower: bytes that come in any portions give every whole line once, and no unfinished one") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    const RunFolderOnDisk run;
    base::Random rng(seed);
    std::string content;
    std::vector<std::string> expected;
    for (int i = 0; i < 60; ++i) {
      expected.push_back(std::string(1 + rng.below(90), static_cast<char>('a' + rng.below(26))));
      content += expected.back() + (rng.chance(0.1) ? "\n\n" : "\n");
    }
    LineFollower follower(run.path("metrics.jsonl"));
    Lines got;
    CHECK(got.poll(follower) == Change::none);  // no such file yet
    for (size_t at = 0; at < content.size();) {
      const size_t bytes = std::min<size_t>(content.size() - at, rng.below(120));
      run.append("metrics.jsonl", content.substr(at, bytes));
      at += bytes;
      got.poll(follower);
      REQUIRE(got.lines.size() <= expected.size());
      CHECK(std::equal(got.lines.begin(), got.lines.end(), expected.begin()));
    }
    CHECK(got.lines == expected);
    run.append("metrics.jsonl", "{\"unfinished");
    CHECK(got.poll(follower) == Change::none);
  }
}

TEST_CASE("follower: a file that was replaced, shortened or rewritten in place is read anew") {
  const RunFolderOnDisk run;
  LineFollower follower(run.path("metrics.jsonl"));
  Lines got;
  run.write("metrics.jsonl", "1\n2\n3\n");
  CHECK(got.poll(follower) == Change::appended);
  const auto expect = [&](const std::vector<std::string>& lines) {
    CHECK(got.poll(follower) == Change::replaced);
    got.lines.clear();
    got.poll(follower);
    CHECK(got.lines == lines);
  };
  run.write("new", "1\n2\n");
  std::filesystem::rename(run.path("new"), run.path("metrics.jsonl"));
  expect({"1", "2"});
  run.write("metrics.jsonl", "1\n");
  expect({"1"});
  run.write("metrics.jsonl", "9\n8\n");  // the same file, longer, other bytes
  expect({"9", "8"});
  std::filesystem::remove(run.path("metrics.jsonl"));
  expect({});
}

TEST_CASE("follower: a line above the limit is dropped and counted, wherever it is cut; those around it stay") {
  const RunFolderOnDisk run;
  for (const size_t bytes : {101u, 5000u, 3000000u}) {
    run.write("metrics.jsonl", "");
    LineFollower follower(run.path("metrics.jsonl"), 100);
    Lines got;
    run.append("metrics.jsonl", "first\n" + std::string(bytes / 2, 'x'));
    got.poll(follower);
    run.append("metrics.jsonl", std::string(bytes - bytes / 2, 'x'));
    got.poll(follower);
    run.append("metrics.jsonl", "\n" + std::string(100, 'y') + "\nlast\n");
    got.poll(follower);
    CHECK(got.lines == std::vector<std::string>{"first", std::string(100, 'y'), "last"});
    CHECK(follower.num_too_long() == 1);
  }
}

TEST_CASE("follower: a folder in the file's place is refused") {
  const RunFolderOnDisk run;
  LineFollower follower(run.path("completions"));
  check_error([&] { follower.poll([](std::string_view) {}); }, "no regular file", "completions", "run");
}

}  // namespace lockstep::test
