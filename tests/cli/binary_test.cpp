// SPDX-License-Identifier: Apache-2.0
// The built binary as a user meets it: help, exit codes, the form of errors, doctor and config.
#include <doctest/doctest.h>

#include "base/json.h"
#include "base/text.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {

TEST_CASE("lockstep: help of every kind goes to standard output with exit code 0") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--help"}, {"-h"}, {"help"}, {"doctor", "--help"}, {"help", "doctor"}, {"doctor", "--json", "-h"}}) {
    const RunResult run = lockstep(words);
    CAPTURE(run.err);
    CHECK(run.exit_code == 0);
    CHECK(contains(run.out, "usage: lockstep"));
    CHECK(contains(run.out, "doctor"));
    CHECK(run.err.empty());
  }
}

TEST_CASE("lockstep: the overview lists each verb with its help, and each verb explains itself") {
  const RunResult overview = lockstep({"--help"});
  for (const char* verb : {"config", "doctor", "tokenize", "data make", "reward test"}) {
    CAPTURE(verb);
    CHECK(contains(overview.out, std::string("\n  ") + verb + " "));
    std::vector<std::string> words = base::split(verb, ' ');
    words.emplace_back("--help");
    CHECK(contains(lockstep(words).out, std::string("usage: lockstep ") + verb));
  }
}

TEST_CASE("lockstep: no verb prints the overview on standard error with exit code 2") {
  const RunResult run = lockstep({});
  CHECK(run.exit_code == 2);
  CHECK(run.out.empty());
  CHECK(contains(run.err, "usage: lockstep VERB"));
}

TEST_CASE("lockstep: a wrong verb or option is answered with the nearest one and exit code 2") {
  expect_failure({"docotr"}, 2, "unknown verb: docotr", "command line", "did you mean `lockstep doctor`?");
  expect_failure({"help", "docotr"}, 2, "unknown verb: docotr", "command line", "did you mean `lockstep doctor`?");
  expect_failure({"qqqqqqqqq"}, 2, "unknown verb: qqqqqqqqq", "command line", "see `lockstep --help`");
  expect_failure({"doctor", "--jsno"}, 2, "unknown option --jsno", "lockstep doctor", "did you mean --json?");
  expect_failure({"doctor", "x"}, 2, "superfluous argument: x", "lockstep doctor", "see `lockstep doctor --help`");
}

TEST_CASE("lockstep: control bytes of the command line do not reach the terminal") {
  const RunResult run = lockstep({"\x1b[31mred"});
  CHECK(run.exit_code == 2);
  CHECK_FALSE(contains(run.err, "\x1b"));
}

TEST_CASE("lockstep: --version prints version and commit") {
  const RunResult run = lockstep({"--version"});
  CHECK(run.exit_code == 0);
  CHECK(run.out.starts_with("lockstep 0."));
  CHECK(contains(run.out, "("));
}

TEST_CASE("lockstep: output that cannot be written is a failure") {
  const RunResult run = run_program("/bin/sh", {"-c", std::string("exec ") + LOCKSTEP_BINARY + " doctor >/dev/full"});
  CHECK(run.exit_code == 1);
  CHECK(contains(run.err, "not all output could be written\n  where: standard output\n  fix:   "));
}

TEST_CASE("doctor: both forms name versions, processor, memory, disk, limits and GPUs") {
  const RunResult text = lockstep({"doctor"});
  CHECK(text.exit_code == 0);
  const RunResult run = lockstep({"doctor", "--json"});
  REQUIRE(run.exit_code == 0);
  const base::Json facts = base::parse_json(run.out, "doctor --json");
  for (const char* section : {"lockstep", "libraries", "processor", "memory", "disk", "limits", "gpu", "problems"}) {
    CAPTURE(section);
    CHECK(facts.contains(section));
    CHECK(contains(text.out, section));
  }
  CHECK(facts["libraries"]["LibTorch"].get<std::string>().starts_with("2.11.0"));
  for (const char* library : {"SentencePiece", "RE2", "utf8proc"})
    CHECK_FALSE(facts["libraries"][library].get<std::string>().empty());
  CHECK(facts["lockstep"]["compiler"].get<std::string>().starts_with("GNU"));
  CHECK(contains(facts["processor"]["kernels"].get<std::string>(), "scalar"));
  CHECK(contains(facts["processor"]["kernels"].get<std::string>(), "(in use; LOCKSTEP_ISA changes it)"));
  CHECK(contains(facts["memory"]["total"].get<std::string>(), "iB"));
  CHECK(contains(facts["disk"]["free"].get<std::string>(), "iB"));
}

TEST_CASE("doctor: a folder that does not exist is an Error") {
  expect_failure({"doctor", "--folder", "no/such/folder"}, 1, "the folder does not exist", "no/such/folder",
                 "create it, or give another --folder");
}

TEST_CASE("config: every field of every config is documented, or those of one") {
  const RunResult all = lockstep({"config"});
  CHECK(all.exit_code == 0);
  for (const char* part : {"run: ", "temperature", "at least 0"})
    CHECK(contains(all.out, part));
  for (const char* name : {"run", "filter"}) {
    const auto one = lockstep({"config", name}).out;
    CHECK(one.size() < all.out.size());
    CHECK(contains(all.out, one));
  }
}

TEST_CASE("config: an unknown name is an Error that lists the known ones") {
  expect_failure({"config", "nosuch"}, 1, "unknown config: nosuch", "lockstep config", "give one of run");
}

}  // namespace lockstep::test
