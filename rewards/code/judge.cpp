// SPDX-License-Identifier: Apache-2.0
// Compiling, running and comparing.
#include "rewards/code/judge.h"

#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rewards/code/memory_file.h"
#include "rewards/code/probe.h"

namespace lockstep::rewards::code {
namespace {

constexpr const char* kPython = "python";
constexpr int64_t kMaxProgramBytes = int64_t{256} << 20;

LanguageConfig python() { return {.name = kPython, .tags = {"py", "python3", "py3"}, .source = "main.py"}; }

LanguageConfig cpp() {
  return {.name = "cpp",
          .tags = {"c++", "cc", "cxx", "cpp17", "cpp20", "c++17", "c++20"},
          .source = "main.cpp",
          .compile = {"/usr/bin/g++", "-std=c++20", "-O2", "-pipe", "-o", "program", "main.cpp"}};
}

std::string end_text(const Outcome& outcome) {
  switch (outcome.end) {
    case End::exited:
      return cat("exit status ", outcome.code);
    case End::killed:
      return cat("ended by signal ", outcome.code);
    case End::too_slow:
      return cat("too slow: ", base::fixed(outcome.cpu_s, 1), " s of processor time");
    case End::too_big:
      return "too much memory";
    case End::starved:
      return "no processor was free";
    case End::broken:
      return "the sandbox broke";
  }
  return {};
}

// What ended it, and the end of what it said about it.
std::string failure_text(const Outcome& outcome) {
  constexpr size_t kShown = 200;
  const std::string_view said = base::trim(outcome.errors);
  if (said.empty()) return end_text(outcome);
  return cat(end_text(outcome), ": ", base::printable(said.substr(said.size() - std::min(said.size(), kShown))));
}

bool is_done(const Outcome& outcome) { return outcome.end == End::exited && outcome.code == 0; }

std::vector<LanguageConfig> all_languages(const CodeConfig& config) {
  std::vector<LanguageConfig> languages = config.languages;  // first: they may replace the built-in ones
  languages.push_back(python());
  languages.push_back(cpp());
  return languages;
}

void check_language(const LanguageConfig& language, const std::string& where) {
  if (language.name.empty()) throw Error("a language has no name", where, "give it a name");
  if (language.compile.empty() && language.run.empty() && language.name != kPython) {
    throw Error(cat("the language \"", language.name, "\" has no command"), where, "give it compile, run or both");
  }
  for (const auto* command : {&language.compile, &language.run}) {
    if (!command->empty() && command->front().rfind('/', 0) != 0) {
      throw Error(cat("the command \"", command->front(), "\" is no full path"), where, "write /usr/bin/NAME");
    }
  }
  const bool is_plain = !language.source.empty() && language.source.find('/') == std::string::npos &&
                        language.source[0] != '.' && language.source != "program";
  if (!is_plain) throw Error(cat("the source name \"", language.source, "\" is no file name"), where, "write main.EXT");
}

}  // namespace

Judge::Judge(const CodeConfig& config, const std::string& where)
    : config_(config), languages_(all_languages(config)), pool_(config.sandbox, config.limits) {
  for (size_t i = 0; i < config.languages.size(); ++i)
    check_language(config.languages[i], cat(where, "/languages/", i));
  if (config.language != "column" && find_language(config.language) == nullptr) {
    std::vector<std::string> names;
    for (const LanguageConfig& language : languages_) names.push_back(language.name);
    throw Error(cat("unknown language \"", base::printable(config.language), "\""), where + "/language",
                cat("the languages are: ", base::join(names, ", "), ", or column"));
  }
  if (config.sandbox.isolation != "unsafe") probe(config_, where + "/sandbox/isolation");
}

const LanguageConfig* Judge::find_language(const std::string& name) const {
  for (const LanguageConfig& language : languages_) {
    if (language.name == name) return &language;
    if (std::find(language.tags.begin(), language.tags.end(), name) != language.tags.end()) return &language;
  }
  return nullptr;
}

Outcome Judge::run(const Job& job) const {
  Outcome outcome = pool_.run(job);
  if (outcome.end == End::broken || outcome.end == End::starved) outcome = pool_.run(job);
  return outcome;
}

JobLimits Judge::test_limits(const LanguageConfig& language) const {
  const LimitsConfig& limits = config_.limits;
  // Without a namespace the limit of processes counts all that the user has.
  const bool can_limit_processes = config_.sandbox.isolation != "unsafe" || ::geteuid() == 0;
  return {.cpu_s = limits.cpu_s,
          .wall_s = limits.wall_s,
          .memory_bytes = int64_t{limits.memory_mb} << 20,
          .limit_address_space = language.limit_address_space,
          .stack_bytes = int64_t{limits.stack_mb} << 20,
          .file_bytes = int64_t{limits.output_kb} << 10,
          .processes = can_limit_processes ? limits.processes : 0};
}

Judge::Program Judge::compile(const LanguageConfig& language, std::string_view source) const {
  Program program;
  program.file = sealed_memory_file(source);
  const bool is_python = language.name == kPython && language.run.empty() && language.compile.empty();
  program.outcome.end = End::exited;
  if (!is_python && language.compile.empty()) return program;
  Job job{.kind = is_python ? "compile" : "build", .program = &program.file, .limits = test_limits(language)};
  job.argv = language.compile;
  job.source = language.source;
  job.artifact = "program";
  job.limits.file_bytes = kMaxProgramBytes;
  if (!is_python) {
    job.limits.cpu_s = config_.limits.compile_cpu_s;
    job.limits.wall_s = 3 * config_.limits.compile_cpu_s;
    job.limits.memory_bytes = int64_t{config_.limits.compile_memory_mb} << 20;
    job.limits.processes = std::max(job.limits.processes, 16);
  }
  program.outcome = run(job);
  if (is_done(program.outcome) && program.outcome.result.number() >= 0) {
    program.file = std::move(program.outcome.result);
  } else {
    program.problem = cat("does not compile: ", failure_text(program.outcome));
  }
  return program;
}

Job Judge::test_job(const LanguageConfig& language, const TestCase& test, const base::FileHandle& program) const {
  Job job{.kind = test.is_call ? "call" : "main", .program = &program, .input = test.input};
  job.limits = test_limits(language);
  if (!language.run.empty()) {
    job.kind = "script";
    job.argv = language.run;
    job.source = language.source;
  } else if (!language.compile.empty()) {
    job.kind = "binary";
  }
  return job;
}

TestEnd Judge::verdict_of(const TestCase& test, const Outcome& outcome, std::string& detail) const {
  detail = failure_text(outcome);
  if (outcome.end == End::too_slow) return TestEnd::too_slow;
  if (outcome.end == End::too_big) return TestEnd::too_big;
  if (!is_done(outcome)) return TestEnd::failed;
  if (!test.is_call) {
    detail = "wrong output";
    const bool is_right = outputs_equal(outcome.output, test.output, {config_.compare, config_.tolerance});
    return is_right ? TestEnd::passed : TestEnd::wrong;
  }
  detail = "no result";
  const auto result = outcome.record.empty() ? std::nullopt : parse_value(outcome.record);
  if (!result) return TestEnd::failed;
  detail = "wrong result";
  if (values_equal(*result, test.result, config_.tolerance)) return TestEnd::passed;
  const bool is_wrapped = test.may_be_wrapped && test.result.kind == Value::Kind::list && test.result.items.size() == 1;
  const bool is_right = is_wrapped && values_equal(*result, test.result.items[0], config_.tolerance);
  return is_right ? TestEnd::passed : TestEnd::wrong;
}

namespace {

// True when the outcome says nothing about the program. A program that breaks its sandbox twice is at fault as long as
// others do not break.
bool is_no_verdict(const CodeConfig& config, const Outcome& outcome, Judgement& judgement) {
  if (outcome.end == End::starved) judgement.state = Judgement::State::timeout;
  if (outcome.end == End::broken && !is_sandbox_sound(config.sandbox, config.limits)) {
    judgement.state = Judgement::State::error;
  }
  if (judgement.state != Judgement::State::ok) judgement.detail = end_text(outcome);
  return judgement.state != Judgement::State::ok;
}

}  // namespace

Judgement Judge::judge(const LanguageConfig& language,
                       std::string_view source,
                       const std::vector<TestCase>& tests) const {
  Judgement judgement{.num_tests = static_cast<int64_t>(tests.size())};
  const Program program = compile(language, source);
  if (is_no_verdict(config_, program.outcome, judgement)) return judgement;
  judgement.is_compiled = program.problem.empty();
  if (!judgement.is_compiled) {
    judgement.first_failure = TestEnd::not_run;
    judgement.detail = program.problem;
    return judgement;
  }
  for (size_t i = 0; i < tests.size(); ++i) {
    const Outcome outcome = run(test_job(language, tests[i], program.file));
    if (is_no_verdict(config_, outcome, judgement)) return judgement;
    judgement.cpu_s += outcome.cpu_s;
    std::string detail;
    const TestEnd end = verdict_of(tests[i], outcome, detail);
    if (end == TestEnd::passed) {
      ++judgement.num_passed;
      continue;
    }
    if (judgement.first_failure == TestEnd::passed) {
      judgement.first_failure = end;
      judgement.detail = cat("test ", i + 1, " of ", tests.size(), ": ", detail);
    }
    if (config_.credit == "all" || end == TestEnd::too_slow || end == TestEnd::too_big) break;
  }
  return judgement;
}

}  // namespace lockstep::rewards::code
