// SPDX-License-Identifier: Apache-2.0
// Stages with tensors: what their configs must be, and when a training's end is the stage's.
#include "rl/pipeline/kinds.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

namespace pipeline = rl::pipeline;

pipeline::Kinds kinds(int code = 0, std::string* folder = nullptr) {
  return pipeline::all_kinds([code, folder](const rl::RunConfig& config) {
    if (folder) *folder = config.output_dir;
    return code;
  });
}

void check(const std::string& kind, const std::string& config) { pipeline::find_kind(kinds(), kind, "/x").check(base::parse_json(config, "test"), "/x"); }

const char* const kTrain = R"({"model": {"path": "m"}, "output_dir": "other", "sft": {"data": {"files": ["a"]}}})";

}  // namespace

TEST_CASE("stages: a training runs in the stage's folder, 75 is a stop, any other code an Error") {
  std::string folder;
  const auto config = base::parse_json(kTrain, "test");
  CHECK(pipeline::find_kind(kinds(0, &folder), "train", "").run(config, "here") == pipeline::WorkEnd::done);
  CHECK(folder == "here");
  CHECK(pipeline::find_kind(kinds(75), "train", "").run(config, "here") == pipeline::WorkEnd::stopped);
  check_error([&] { pipeline::find_kind(kinds(1), "train", "").run(config, "here"); }, "ended with code 1", "here", "resumes");
}

TEST_CASE("stages: samples that were finished before a crash are not drawn again") {
  const TempFolder scratch;
  scratch.write("rows.jsonl", "{}\n");
  // Its model does not exist: nothing is opened.
  const auto config = base::parse_json(R"({"model": {"path": "none"}, "data": {"task": "chain_sum"}, "num_prompts": 2})", "test");
  CHECK(pipeline::find_kind(kinds(), "sample", "").run(config, scratch.path()) == pipeline::WorkEnd::done);
}

TEST_CASE("stages: each config is checked with its place, without opening what it names") {
  check("train", kTrain);
  check_error([] { check("train", R"({"model": {"path": "m"}})"); }, "no stage", "/x/", "pretrain");
  check_error([] { check("train", R"({"model": {"path": "m"}, "grpo": {"data": {"task": "chain_sum"}}})"); }, "without a reward", "/x/rewards", "add");
  check("sample", R"({"model": {"path": "m"}, "data": {"file": "f"}, "num_prompts": 0})");
  check_error([] { check("sample", R"({"data": {"file": "f"}})"); }, "no model to draw from", "/x/model/path", "@STAGE");
  check_error([] { check("sample", R"({"model": {"path": "m"}})"); }, "no prompts are named", "/x/data", "task");
  check_error([] { check("sample", R"({"model": {"path": "m"}, "data": {"task": "chain_sum"}, "num_prompts": 0})"); }, "no end", "/x/num_prompts", "how many");
  check_error([] { check("sample", R"({"model": {"path": "m"}, "data": {"file": "f"}, "rewards": [{"type": "acuracy"}]})"); }, "acuracy", "", "accuracy");
}

TEST_CASE("stages: rewriting by a model needs one") {
  check("rewrite", R"({"inputs": ["a"]})");
  check("rewrite", R"({"inputs": ["a"], "rules": {"method": "model"}, "model": {"path": "m"}})");
  check_error([] { check("rewrite", "{}"); }, "no inputs", "/x/inputs", "@STAGE");
  check_error([] { check("rewrite", R"({"inputs": ["a"], "rules": {"method": "model"}})"); }, "and there is none", "/x/model/path", "@STAGE");
}

TEST_CASE("stages: an evaluation names models and suites, and each suite measures something") {
  const std::string suite = R"({"data": {"task": "chain_sum"}, "rewards": [{"type": "accuracy"}]})";
  check("evaluate", cat(R"({"models": {"a": "m"}, "suites": {"s": )", suite, "}}"));
  check_error([&] { check("evaluate", cat(R"({"suites": {"s": )", suite, "}}")); }, "no models to compare", "/x/models", "@STAGE");
  check_error([] { check("evaluate", R"({"models": {"a": "m"}})"); }, "no suites", "/x/suites", "data");
  check_error([&] { check("evaluate", cat(R"({"models": {"a": 1}, "suites": {"s": )", suite, "}}")); }, "is no text", "/x/models/a", "@STAGE");
  check_error([] { check("evaluate", R"({"models": {"a": "m"}, "suites": {"s": {"data": {"task": "chain_sum"}}}})"); }, "measures nothing",
              "/x/suites/s/rewards", "at least one");
  check_error([] { check("evaluate", R"({"models": {"a": "m"}, "suites": {"s": {"rewards": [{"type": "accuracy"}]}}})"); }, "no prompts are named",
              "/x/suites/s/data", "task");
}

}  // namespace lockstep::test
