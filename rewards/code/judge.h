// SPDX-License-Identifier: Apache-2.0
// One program against the tests of its row: compiled once, each test in a fresh process, every verdict made outside.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/code/compare.h"
#include "rewards/code/config.h"
#include "rewards/code/pool.h"
#include "rewards/code/test_cases.h"

namespace lockstep::rewards::code {

enum class TestEnd { passed, wrong, failed, too_slow, too_big, not_run };

struct Judgement {
  // ok: the program has a verdict. timeout: the machine gave it no processor, twice. error: sandboxes break on this machine.
  enum class State { ok, timeout, error } state = State::ok;
  bool is_compiled = false;
  int64_t num_tests = 0, num_passed = 0;
  TestEnd first_failure = TestEnd::passed;
  std::string detail = {};  // of the first failure; "" when all passed
  double cpu_s = 0;         // of all tests
};

class Judge {
 public:
  // Error when sandboxes do not work here (see probe.h), unless the config says unsafe; `where` is the path of the options.
  Judge(const CodeConfig& config, const std::string& where);

  // python, cpp and the languages of the config.
  const LanguageConfig* find_language(const std::string& name) const;

  // Stops at the first failure when `credit` is all. After a test that was too slow or too big the rest counts as failed:
  // a row with a hundred tests must not cost a hundred deadlines. Thread-safe. Error when no sandbox comes up.
  Judgement judge(const LanguageConfig& language, std::string_view source, const std::vector<TestCase>& tests) const;

 private:
  struct Program {
    base::FileHandle file;
    std::string problem;  // what the compiler said; "" when it is compiled
    Outcome outcome;
  };
  // Runs one job; again in another sandbox when that one broke or got no processor.
  Outcome run(const Job& job) const;
  Program compile(const LanguageConfig& language, std::string_view source) const;
  Job test_job(const LanguageConfig& language, const TestCase& test, const base::FileHandle& program) const;
  TestEnd verdict_of(const TestCase& test, const Outcome& outcome, std::string& detail) const;
  JobLimits test_limits(const LanguageConfig& language) const;

  CodeConfig config_;
  std::vector<LanguageConfig> languages_;
  Pool pool_;
};

}  // namespace lockstep::rewards::code
