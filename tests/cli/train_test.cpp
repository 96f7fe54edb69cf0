// SPDX-License-Identifier: Apache-2.0
// `lockstep train`: the printed config is the run's, a tiny run leaves what it promises, and wrong configs are refused.
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {
namespace {

const std::string kTinyRun = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/e2e/tiny_run.json";

}  // namespace

TEST_CASE("train: --dry-run prints a config that loads again to itself, and starts nothing") {
  const ScratchFolder scratch;
  const auto first = lockstep({"train", kTinyRun, "--set", "output_dir=" + scratch.path("run"), "--set", "seed=9", "--dry-run"});
  CHECK(contains(first.err, "parameters "));
  CHECK(contains(first.err, "memory in MiB: program "));
  CHECK(contains(first.err, "completion tokens a step"));
  const auto missing = lockstep({"train", kTinyRun, "--set", "model.path=no/such/model", "--set", "model.config={}", "--dry-run"});
  CHECK(missing.exit_code == 0);
  CHECK(contains(missing.err, "no budget: there is no such model"));
  CAPTURE(first.err);
  CHECK(first.exit_code == 0);
  const auto config = base::parse_json(first.out, "output");
  CHECK(config["seed"] == 9);
  CHECK(config["grpo"]["num_prompts"] == 4);               // of the file
  CHECK(config["grpo"]["advantage"]["std_guard"] == 1e-4);  // a default
  const auto again = lockstep({"train", scratch.write("resolved.json", first.out), "--dry-run"});
  CHECK(again.out == first.out);
  CHECK_FALSE(std::filesystem::exists(scratch.path("run")));
}

TEST_CASE("train: a tiny run leaves config, metrics, completions, models and a summary; done again, it does nothing") {
  const ScratchFolder scratch;
  const std::string folder = scratch.path("run");
  const std::vector<std::string> words = {"train", kTinyRun, "--set", "output_dir=" + folder, "--set", "max_steps=2",
                                          "--set", "model.tokenizer.num_documents=100"};
  const auto run = lockstep(words);
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(run.out.empty());
  for (const char* name : {"config.json", "log", "completions/step_0.jsonl", "completions/step_1.jsonl", "base/config.json",
                           "model/model.safetensors", "eval_before.json", "eval_after.json", "report.html"}) {
    CAPTURE(name);
    CHECK(std::filesystem::is_regular_file(folder + "/" + name));
  }
  std::vector<std::string> stages;
  base::for_each_line(folder + "/metrics.jsonl", [&](std::string_view line, size_t) {
    stages.push_back(base::parse_json(line, "metrics")["stage"].get<std::string>());
  });
  CHECK(stages == std::vector<std::string>{"pretrain", "pretrain", "grpo", "grpo"});
  const auto summary = base::parse_json_file(folder + "/summary.json");
  CHECK(summary.contains("pass_at_1_before"));
  CHECK(summary.contains("pass_at_1_after"));
  const std::string metrics = base::read_file(folder + "/metrics.jsonl"), hash = base::sha256_file(folder + "/model/model.safetensors");
  CHECK(lockstep(words).exit_code == 0);
  CHECK(base::read_file(folder + "/metrics.jsonl") == metrics);
  CHECK(base::sha256_file(folder + "/model/model.safetensors") == hash);
}

TEST_CASE("train: a wrong file, key, value or use is refused before anything is written") {
  const ScratchFolder scratch;
  const std::string output = "output_dir=" + scratch.path("run");
  expect_failure({"train", kTinyRun, "--set", output, "--set", "sed=9"}, 1, "unknown key \"sed\"", "/sed", "did you mean \"seed\"?");
  expect_failure({"train", kTinyRun, "--set", output, "--set", "grpo.num_minibatches=5"}, 1, "num_minibatches 5 is more than num_prompts 4",
                 "/grpo/num_minibatches", "use at most one minibatch per prompt");
  expect_failure({"train"}, 2, "CONFIG is missing", "lockstep train", "give");
  const auto missing = lockstep({"train", "no/such/run.json"});
  CHECK(missing.exit_code == 1);
  CHECK(contains(missing.err, "where: no/such/run.json"));
  CHECK_FALSE(std::filesystem::exists(scratch.path("run")));
}

TEST_CASE("train: a rank whose launcher is gone says so and writes nothing") {
  const ScratchFolder scratch;
  const RunResult run = run_program("/usr/bin/env", {"LOCKSTEP_LAUNCHER=1", LOCKSTEP_BINARY, "train", kTinyRun, "--set", "output_dir=" + scratch.path("run")});
  CHECK(run.exit_code == 1);
  CHECK(run.err == "lockstep: error: the launcher is gone\n  where: train --launch\n  fix:   start the command again\n");
  CHECK_FALSE(std::filesystem::exists(scratch.path("run")));
}

TEST_CASE("train: the folder of another config is refused with the path of the difference") {
  const ScratchFolder scratch;
  base::make_folders(scratch.path("run"));
  const std::vector<std::string> words = {"train", kTinyRun, "--set", "output_dir=" + scratch.path("run"), "--dry-run"};
  scratch.write("run/config.json", lockstep(words).out);
  expect_failure({"train", kTinyRun, "--set", "output_dir=" + scratch.path("run"), "--set", "grpo.loss.beta=0.5"}, 1,
                 "the run folder holds a run with another config", scratch.path("run") + "/config.json/grpo/loss/beta",
                 "give the new run an output_dir of its own");
}

}  // namespace lockstep::test
