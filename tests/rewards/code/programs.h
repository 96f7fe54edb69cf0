// SPDX-License-Identifier: Apache-2.0
// Rows with tests, completions with programs, and a reward that runs them in a sandbox.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "rewards/code/accuracy_code.h"

namespace lockstep::rewards::code {

using base::Json;

inline std::string fenced(const std::string& source, const std::string& tag = "python") {
  return cat("Here is a program.\n```", tag, "\n", source, "\n```\n");
}

// A row with tests of standard input and output.
inline Json stdio_row(const std::vector<std::pair<std::string, std::string>>& tests) {
  Json inputs = Json::array(), outputs = Json::array();
  for (const auto& [input, output] : tests) {
    inputs.push_back(input);
    outputs.push_back(output);
  }
  return {{"input_output", Json{{"inputs", inputs}, {"outputs", outputs}}.dump()}};
}

// A row with calls of `function`: lists of arguments, and results.
inline Json call_row(const std::string& function, const Json& arguments, const Json& results) {
  return {{"input_output", Json{{"fn_name", function}, {"inputs", arguments}, {"outputs", results}}.dump()}};
}

// Small limits, so that abuses end soon.
inline CodeConfig quick() {
  CodeConfig config = CodeConfig();
  config.limits.cpu_s = 1;
  config.limits.wall_s = 3;
  config.limits.memory_mb = 256;
  config.sandbox.max_sandboxes = 2;
  return config;
}

// Whether bubblewrap works at all, by the least that it is needed for.
inline bool has_isolation() {
  static const bool has = [] {
    const char* const user = ::geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
    const std::string bwrap =
        "/usr/bin/bwrap --unshare-user --disable-userns --unshare-pid --unshare-net --ro-bind / / ";
    return std::system(cat(user, bwrap, "/usr/bin/python3 -c pass").c_str()) == 0;
  }();
  return has;
}

// The reward, or nothing where this machine cannot isolate programs; then ctest shows the test as skipped. Where bubblewrap
// works, or the environment demands it (LOCKSTEP_SANDBOX_REQUIRED), a reward that refuses is a failure: a hole in the sandbox
// that its probe finds must not pass for a machine without one.
inline std::unique_ptr<AccuracyCode> sandboxed(const CodeConfig& config = quick()) {
  try {
    return std::make_unique<AccuracyCode>("code", config, "/rewards/0/options");
  } catch (const Error& error) {
    if (has_isolation() || std::getenv("LOCKSTEP_SANDBOX_REQUIRED") != nullptr) throw;
    std::cout << "SKIPPED: programs cannot be isolated here: " << error.what() << std::endl;
    return nullptr;
  }
}

inline Score score_completion(const Reward& reward, const std::string& completion, const Json& row) {
  return reward.score({.prompt = "Write a program.", .completion = completion, .columns = &row});
}

inline Score score_program(const Reward& reward,
                           const std::string& source,
                           const Json& row,
                           const char* tag = "python") {
  return score_completion(reward, fenced(source, tag), row);
}

// What a program earns; fails the test when there is no verdict. A machine that is busy with other things may need several
// tries until it gives the program a processor.
inline double value_of(const Reward& reward, const std::string& source, const Json& row, const char* tag = "python") {
  Score score = score_program(reward, source, row, tag);
  for (int i = 0; i < 5 && score.status == Status::timeout; ++i) score = score_program(reward, source, row, tag);
  INFO(source);
  INFO(score.detail);
  CHECK(status_name(score.status) == std::string("ok"));
  return score.value;
}

inline const std::string kHonest = "a, b = map(int, input().split())\nprint(a + b)";
inline Json sum_row() { return stdio_row({{"1 2\n", "3\n"}, {"30 4\n", "34\n"}}); }

}  // namespace lockstep::rewards::code
