// SPDX-License-Identifier: Apache-2.0
// The parser of command lines, and the choice of a verb and an exit code, with verbs made for the test.
#include "cli/arguments.h"

#include <doctest/doctest.h>

#include <new>

#include "cli/verb.h"
#include "tests/support/errors.h"

namespace lockstep::cli {
namespace {

const Usage& usage() {
  static const Usage usage{
      .positionals = {{"CONFIG", "the run's JSON file"}, {"OUT", "where to write", false}},
      .options = {{.name = "set", .value = "PATH=VALUE", .meaning = "override", .is_repeatable = true},
                  {.name = "seed", .value = "N", .meaning = "the seed"},
                  {.name = "dry-run", .meaning = "print and stop"}}};
  return usage;
}

Arguments parse(const std::vector<std::string>& words) { return Arguments(usage(), "lockstep train", words); }

void expect_usage_error(const std::vector<std::string>& words, const std::string& what, const std::string& fix) {
  CAPTURE(what);
  try {
    parse(words);
    FAIL("nothing was thrown");
  } catch (const UsageError& error) {
    CHECK(error.what_happened() == what);
    CHECK(error.where() == "lockstep train");
    CHECK(error.fix() == fix);
  }
}

}  // namespace

TEST_CASE("arguments: options may stand anywhere and repeats keep their order") {
  const Arguments arguments = parse({"--set", "a=1", "run.json", "--dry-run", "--set=b=c=2", "out"});
  CHECK(arguments.positional(0) == "run.json");
  CHECK(arguments.positional(1) == "out");
  CHECK(arguments.values("set") == std::vector<std::string>{"a=1", "b=c=2"});
  CHECK(arguments.has("dry-run"));
  CHECK_FALSE(arguments.has("seed"));
  CHECK(arguments.value_or("seed", "7") == "7");
}

TEST_CASE("arguments: -- ends the options, a lone dash is a positional, a value may be negative or empty") {
  const Arguments arguments = parse({"--seed", "-3", "--", "--dry-run", "-"});
  CHECK(arguments.integer_or("seed", 0, -10, 10) == -3);
  CHECK(arguments.positional(0) == "--dry-run");
  CHECK(arguments.positional(1) == "-");
  CHECK(parse({"run.json", "--seed="}).value("seed") == "");
}

TEST_CASE("arguments: a last positional that is repeatable takes all that follow, and at least one when it is required") {
  const Usage files{.positionals = {{"IN", "files", true, true}}, .options = {{.name = "share", .value = "X", .meaning = "a number"}}};
  const Arguments arguments(files, "lockstep data", {"a", "--share", "0.25", "b", "c"});
  CHECK(arguments.positionals() == std::vector<std::string>{"a", "b", "c"});
  CHECK(arguments.number_or("share", 1, 0, 1) == 0.25);
  CHECK(Arguments(files, "lockstep data", {"a"}).number_or("share", 0.5, 0, 1) == 0.5);
  CHECK_THROWS_AS(Arguments(files, "lockstep data", {}), UsageError);
  CHECK(usage_text(files, "lockstep data", "x").starts_with("usage: lockstep data IN... [options]"));
  for (const char* bad : {"1.5", "x", "", "0.5x", "nan", "-1"}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH_AS(Arguments(files, "lockstep data", {"a", std::string("--share=") + bad}).number_or("share", 1, 0, 1),
                         doctest::Contains("give a number from 0 to 1"), UsageError);
  }
}

TEST_CASE("arguments: each wrong command line says what, where and how to fix it") {
  expect_usage_error({"run.json", "--sedd", "1"}, "unknown option --sedd", "did you mean --seed?");
  expect_usage_error({"run.json", "--zzzzzzzz"}, "unknown option --zzzzzzzz", "see `lockstep train --help`");
  expect_usage_error({"run.json", "-s", "1"}, "unknown option --s", "see `lockstep train --help`");
  expect_usage_error({"run.json", "--seed"}, "--seed has no value", "write --seed N");
  expect_usage_error({"run.json", "--seed", "--dry-run"}, "--seed has no value", "write --seed N");
  expect_usage_error({"run.json", "--seed", "1", "--seed", "2"}, "--seed is given twice", "give it once");
  expect_usage_error({"run.json", "--dry-run=yes"}, "--dry-run takes no value: --dry-run=yes", "write --dry-run");
  expect_usage_error({}, "CONFIG is missing", "give CONFIG: the run's JSON file");
  expect_usage_error({"a", "b", "c"}, "superfluous argument: c", "see `lockstep train --help`");
}

TEST_CASE("arguments: a repeatable positional takes one or more, and the help shows it") {
  const Usage usage{.positionals = {{.name = "RUN", .meaning = "folders", .is_repeatable = true}}, .options = {{.name = "output", .value = "FILE", .meaning = "m"}}};
  const Arguments arguments(usage, "lockstep report", {"a", "--output", "f", "b", "c"});
  REQUIRE(arguments.num_positionals() == 3);
  CHECK(arguments.positional(2) == "c");
  CHECK_THROWS_AS(Arguments(usage, "lockstep report", {}), UsageError);
  CHECK(usage_text(usage, "lockstep report", "s").starts_with("usage: lockstep report RUN... [options]\n"));
}

TEST_CASE("arguments: a required option must be there") {
  const Usage needs{.options = {{.name = "out", .value = "FILE", .meaning = "the file to write", .is_required = true}}};
  test::check_error([&] { Arguments(needs, "lockstep data make", {}); }, "--out is missing", "lockstep data make",
                    "give --out FILE: the file to write");
}

TEST_CASE("arguments: an integer is decimal, whole, and in its range") {
  for (const char* text : {"", "x", "1.5", "1e3", "0x10", "+1", " 1", "11", "99999999999999999999"}) {
    CAPTURE(text);
    test::check_error(
        [&] {
          parse({"c", std::string("--seed=") + text}).integer_or("seed", 0, 0, 10);
        },
        std::string("--seed is ") + text, "lockstep train", "give an integer from 0 to 10");
  }
  CHECK(parse({"c", "--seed=10"}).integer_or("seed", 0, 0, 10) == 10);
}

TEST_CASE("arguments: the help names everything that the command takes") {
  const std::string text = usage_text(usage(), "lockstep train", "train a model");
  for (const char* part : {"usage: lockstep train CONFIG [OUT] [options]", "Train a model.", "the run's JSON file",
                           "--set PATH=VALUE", "override (repeatable)", "--dry-run", "--help"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("verbs: what a verb throws decides the exit code") {
  const auto verb = [](const char* name, ExitCode (*run)(const Arguments&)) { return Verb{name, "", {}, run}; };
  const std::vector<Verb> verbs = {
      verb("done", [](const Arguments&) { return ExitCode::done; }),
      verb("requeue", [](const Arguments&) { return ExitCode::requeue; }),
      verb("error", [](const Arguments&) -> ExitCode { throw Error("a", "b", "c"); }),
      verb("usage", [](const Arguments&) -> ExitCode { throw UsageError("a", "b", "c"); }),
      verb("memory", [](const Arguments&) -> ExitCode { throw std::bad_alloc(); }),
      verb("foreign", [](const Arguments&) -> ExitCode { throw std::runtime_error("first line\ntrace"); }),
      verb("two words", [](const Arguments&) { return ExitCode::done; }),
  };
  CHECK(run_command_line(verbs, {"done"}) == ExitCode::done);
  CHECK(run_command_line(verbs, {"requeue"}) == ExitCode::requeue);
  CHECK(run_command_line(verbs, {"error"}) == ExitCode::failed);
  CHECK(run_command_line(verbs, {"usage"}) == ExitCode::usage);
  CHECK(run_command_line(verbs, {"memory"}) == ExitCode::failed);
  CHECK(run_command_line(verbs, {"foreign"}) == ExitCode::failed);
  CHECK(run_command_line(verbs, {"two", "words"}) == ExitCode::done);
  CHECK(run_command_line(verbs, {"two"}) == ExitCode::usage);
  CHECK(run_command_line(verbs, {"two", "wrods"}) == ExitCode::usage);
  CHECK(static_cast<int>(ExitCode::requeue) == 75);
}

}  // namespace lockstep::cli
