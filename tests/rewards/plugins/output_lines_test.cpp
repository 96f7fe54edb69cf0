// SPDX-License-Identifier: Apache-2.0
// Output of plugins: lines arrive whole, long ones cut, a flood is counted and not kept.
#include "rewards/plugins/output_lines.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace lockstep::rewards::plugins {

TEST_CASE("output lines: pieces become lines, the last one at the end") {
  std::vector<std::string> got;
  OutputLines lines([&](const std::string& line) { got.push_back(line); });
  for (const char* piece : {"a", "b\nc", "\n", "\nd"}) lines.append(piece);
  CHECK(got == std::vector<std::string>{"ab", "c", ""});
  lines.finish();
  CHECK(got == std::vector<std::string>{"ab", "c", "", "d"});
}

TEST_CASE("output lines: a line is cut, and a call has its share; the rest is counted") {
  std::vector<std::string> got;
  OutputLines lines([&](const std::string& line) { got.push_back(line); });
  lines.append(std::string(OutputLines::kMaxLineBytes + 500, 'x'));
  lines.append("yyy\n");
  REQUIRE(got.size() == 1);
  CHECK(got[0] == std::string(OutputLines::kMaxLineBytes, 'x'));
  lines.new_call();
  REQUIRE(got.size() == 2);
  CHECK(got[1] == "(503 more bytes of output were dropped)");
  const size_t num_lines = OutputLines::kMaxBytesPerCall / 100;
  for (size_t i = 0; i < 10 * num_lines; ++i) lines.append(std::string(99, 'z') + "\n");
  size_t bytes = 0;
  for (size_t i = 2; i < got.size(); ++i) bytes += got[i].size() + 1;
  CHECK(bytes >= OutputLines::kMaxBytesPerCall);
  CHECK(bytes < OutputLines::kMaxBytesPerCall + 100);
  const size_t before = got.size();
  lines.new_call();
  lines.append("again\n");
  CHECK(got.size() == before + 2);
  CHECK(got.back() == "again");
}

}  // namespace lockstep::rewards::plugins
