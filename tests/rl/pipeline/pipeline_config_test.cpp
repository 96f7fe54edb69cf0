// SPDX-License-Identifier: Apache-2.0
// Pipeline files: references are the edges, fields are laid over each other in a fixed order, nonsense is refused with its place.
#include "rl/pipeline/pipeline_config.h"

#include <doctest/doctest.h>

#include "rl/pipeline/references.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

namespace pipeline = rl::pipeline;

pipeline::Pipeline load(const std::string& text, const std::vector<std::string>& assignments = {}) {
  const TempFolder scratch;
  return pipeline::load_pipeline(scratch.write("p.json", text), assignments);
}

}  // namespace

TEST_CASE("pipeline file: references anywhere in a config are the needs of a stage, each once, in order") {
  const auto p = load(R"({"stages": {
    "a": {"kind": "k"}, "b": {"kind": "k"},
    "c": {"kind": "k", "config": {"x": ["@b/file", {"y": "@a"}], "z": "@b", "mail": "@@a", "plain": "a@b"}}}})");
  REQUIRE(p.stages.size() == 3);
  CHECK(p.stages[0].needs.empty());
  CHECK(p.stages[2].needs == std::vector<std::string>{"b", "a"});
  CHECK(p.folder("c") == "runs/pipeline/c");
}

TEST_CASE("pipeline file: references are replaced, a doubled @ is one, all else stays") {
  const base::Json config = {{"x", {"@b/file", 1, nullptr}}, {"y", "@a"}, {"z", "@@a"}, {"w", "a@b"}};
  const auto out = pipeline::replace_references(config, [](const pipeline::Reference& r) { return r.stage + ":" + r.file; });
  CHECK(out == base::Json{{"x", {"b:file", 1, nullptr}}, {"y", "a:"}, {"z", "@a"}, {"w", "a@b"}});
}

TEST_CASE("pipeline file: the stage's set lies over `all`, that over the config, and the seed is the pipeline's unless set") {
  const TempFolder scratch;
  const std::string other = scratch.write("other.json", R"({"a": 1, "b": {"c": 1, "d": 1}, "seed": 9} // comment)");
  const auto p = pipeline::load_pipeline(
      scratch.write("p.json", R"({"seed": 5, "all": {"k": {"b": {"c": 2, "d": 2}}, "other": {"a": 7}}, "stages": {
        "first": {"kind": "k", "config": ")" + other + R"(", "set": {"b": {"d": 3}}},
        "second": {"kind": "k", "config": {"a": 1}, "set": {"seed": 6}}}})"),
      {"all.k.a=4", "stages.second.set.e=8"});
  CHECK(p.stages[0].config == base::Json{{"a", 4}, {"b", {{"c", 2}, {"d", 3}}}, {"seed", 5}});
  CHECK(p.stages[1].config == base::Json{{"a", 4}, {"seed", 6}, {"b", {{"c", 2}, {"d", 2}}}, {"e", 8}});
}

TEST_CASE("pipeline file: a file with stages is one, a run's is none") {
  const TempFolder scratch;
  CHECK(pipeline::is_pipeline(scratch.write("a.json", R"({"stages": {}} // yes)")));
  CHECK_FALSE(pipeline::is_pipeline(scratch.write("b.json", R"({"grpo": {}})")));
  CHECK_FALSE(pipeline::is_pipeline(scratch.write("c.json", "[]")));
}

TEST_CASE("pipeline file: Errors name the place") {
  check_error([] { load(R"({"stages": {}})"); }, "no stage", "/stages", "kind");
  check_error([] { load(R"({"stages": {"a/b": {"kind": "k"}}})"); }, "cannot be called \"a/b\"", "/stages/a/b", "folder");
  check_error([] { load(R"({"stages": {"..": {"kind": "k"}}})"); }, "cannot be called", "/stages/..", "letters");
  check_error([] { load(R"({"stages": {"a": {"kind": "k", "config": {"x": ["@b"]}}, "b": {"kind": "k"}}})"); }, "\"@b\" is no stage before this one",
              "/stages/a/x/0", "(none)");
  check_error([] { load(R"({"stages": {"a": {"kind": "k", "config": {"x": "@a"}}}})"); }, "\"@a\" is no stage", "/stages/a/x", "@@");
  check_error([] { load(R"({"stages": {"a": {"kind": "k", "config": 7}}})"); }, "neither an object nor the path", "/stages/a/config", "{...}");
  check_error([] { load(R"({"stages": {"a": {"kin": "k"}}})"); }, "kin", "/stages/a", "kind");
  check_error([] { load(R"({"stages": {"a": {"kind": "k", "config": "none.json"}}})"); }, "", "none.json", "");
}

}  // namespace lockstep::test
