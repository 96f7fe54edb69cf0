// SPDX-License-Identifier: Apache-2.0
// The graph: stages run in order and once, a fault or a stop resumes, what changed is found before anything runs.
#include "rl/pipeline/run_pipeline.h"

#include <doctest/doctest.h>

#include <csignal>

#include "base/signal.h"
#include "tests/rl/pipeline/fake_kinds.h"
#include "tests/support/errors.h"
#include "tests/support/quiet_log.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

using Words = std::vector<std::string>;

pipeline::Pipeline diamond(const TempFolder& scratch, const Words& assignments = {}) {
  const std::string file = scratch.write("p.json", R"({"seed": 7, "stages": {
    "a": {"kind": "word", "config": {"word": "A"}},
    "b": {"kind": "word", "config": {"word": "B", "inputs": ["@a"]}},
    "c": {"kind": "word", "config": {"word": "C", "inputs": ["@a"]}, "set": {"seed": 1}},
    "d": {"kind": "word", "config": {"word": "D", "inputs": ["@b", "@c/out"]}}}})");
  Words all = {"output_dir=" + scratch.path("run")};
  all.insert(all.end(), assignments.begin(), assignments.end());
  return pipeline::load_pipeline(file, all);
}

}  // namespace

TEST_CASE("pipeline: stages get what they name, and a second call runs nothing") {
  const TempFolder scratch;
  const QuietLog quiet;
  const auto journal = std::make_shared<Journal>();
  CHECK(pipeline::run_pipeline(diamond(scratch), word_kinds(journal)));
  CHECK(base::read_file(scratch.path("run/d/out/text")) == "A7 B7 A7 C1 D7");
  CHECK(journal->runs == Words{"A", "B", "C", "D"});
  CHECK(pipeline::run_pipeline(diamond(scratch), word_kinds(journal)));
  CHECK(journal->runs.size() == 4);
}

TEST_CASE("pipeline: after a stop or a fault the same call goes on with the stage that was begun") {
  const TempFolder scratch;
  const QuietLog quiet;
  const auto journal = std::make_shared<Journal>();
  journal->num_stops = 1;
  CHECK_FALSE(pipeline::run_pipeline(diamond(scratch), word_kinds(journal)));
  CHECK(pipeline::describe(diamond(scratch), word_kinds(journal)).find("begun") != std::string::npos);
  journal->num_faults = 1;
  check_error([&] { pipeline::run_pipeline(diamond(scratch), word_kinds(journal)); }, "the work failed", "run/a", "again");
  journal->num_empty = 1;
  check_error([&] { pipeline::run_pipeline(diamond(scratch), word_kinds(journal)); }, "ended without", "run/a/out", "log");
  CHECK(pipeline::run_pipeline(diamond(scratch), word_kinds(journal)));
  CHECK(journal->runs == Words{"A", "A", "A", "A", "B", "C", "D"});
}

TEST_CASE("pipeline: a stop signal ends it between two stages") {
  const TempFolder scratch;
  const QuietLog quiet;
  const auto journal = std::make_shared<Journal>();
  auto kinds = word_kinds(journal);
  kinds[0].run = [run = kinds[0].run](const base::Json& config, const std::string& folder) {
    if (config.at("word") == "B") ::raise(SIGTERM);
    return run(config, folder);
  };
  CHECK_FALSE(pipeline::run_pipeline(diamond(scratch), kinds));
  base::forget_stop();
  CHECK(journal->runs == Words{"A", "B"});
  CHECK(pipeline::run_pipeline(diamond(scratch), word_kinds(journal)));
  CHECK(journal->runs == Words{"A", "B", "C", "D"});
}

TEST_CASE("pipeline: a changed config or output is an Error, and stages that do not depend on it keep") {
  const TempFolder scratch;
  const QuietLog quiet;
  const auto journal = std::make_shared<Journal>();
  const auto kinds = word_kinds(journal);
  CHECK(pipeline::run_pipeline(diamond(scratch), kinds));
  check_error([&] { pipeline::run_pipeline(diamond(scratch, {"stages.b.set.word=X"}), kinds); }, "another config", "/config/word", "remove");
  std::filesystem::remove_all(scratch.path("run/b"));
  // b leaves something else now, so that d, which was made from the old one, is refused.
  check_error([&] { pipeline::run_pipeline(diamond(scratch, {"stages.b.set.word=X"}), kinds); }, "another result of \"b\"", "run/d", "remove");
  std::filesystem::remove_all(scratch.path("run/d"));
  CHECK(pipeline::run_pipeline(diamond(scratch, {"stages.b.set.word=X"}), kinds));
  CHECK(base::read_file(scratch.path("run/d/out/text")) == "A7 X7 A7 C1 D7");
  CHECK(journal->runs == Words{"A", "B", "C", "D", "X", "D"});
  scratch.write("run/c/out/extra", "Z");
  check_error([&] { pipeline::run_pipeline(diamond(scratch, {"stages.b.set.word=X"}), kinds); }, "was changed", "run/c/out/extra", "remove");
}

TEST_CASE("pipeline: everything is checked before anything runs") {
  const TempFolder scratch;
  const auto journal = std::make_shared<Journal>();
  const auto kinds = word_kinds(journal);
  const auto run = [&](const Words& assignments) { return [&, assignments] { pipeline::run_pipeline(diamond(scratch, assignments), kinds); }; };
  check_error(run({"stages.d.kind=wurd"}), "unknown kind of stage \"wurd\"", "/stages/d/kind", "word");
  check_error(run({"stages.d.set.word=\"\""}), "no word", "/stages/d/word", "give one");
  check_error(run({"stages.d.set.wrod=1"}), "wrod", "/stages/d", "word");
  check_error(run({"stages.d.set.inputs=[\"@a/text\"]"}), "\"text\" is nothing that a stage of kind word leaves", "/stages/d/inputs/0", "out");
  CHECK(journal->runs.empty());
  CHECK_FALSE(std::filesystem::exists(scratch.path("run")));
}

TEST_CASE("pipeline: two processes do not share a folder") {
  const TempFolder scratch;
  const QuietLog quiet;
  const auto journal = std::make_shared<Journal>();
  auto kinds = word_kinds(journal);
  kinds[0].run = [&](const base::Json&, const std::string&) {
    pipeline::run_pipeline(diamond(scratch), word_kinds(journal));
    return pipeline::WorkEnd::done;
  };
  check_error([&] { pipeline::run_pipeline(diamond(scratch), kinds); }, "another process works in this folder", "run/lock", "output_dir");
}

TEST_CASE("pipeline: the description names stages, needs and how far they are; the reference names kinds and fields") {
  const TempFolder scratch;
  const QuietLog quiet;
  const auto kinds = word_kinds(std::make_shared<Journal>());
  const std::string before = pipeline::describe(diamond(scratch), kinds);
  CHECK(before.find("waits  <- b, c") != std::string::npos);
  pipeline::run_pipeline(diamond(scratch), kinds);
  CHECK(pipeline::describe(diamond(scratch), kinds).find("waits") == std::string::npos);
  const std::string reference = pipeline::kinds_reference(kinds);
  CHECK(reference.find("word: writes words; leaves out") == 0);
  CHECK(reference.find("files whose words come first") != std::string::npos);
}

}  // namespace lockstep::test
