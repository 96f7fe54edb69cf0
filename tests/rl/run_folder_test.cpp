// SPDX-License-Identifier: Apache-2.0
// The run folder: one config for life, results that survive.
#include "rl/run_folder.h"

#include <doctest/doctest.h>

#include "base/file.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

rl::RunConfig config_in(const std::string& folder) {
  rl::RunConfig config;
  config.output_dir = folder;
  config.model.path = "some/model";
  config.grpo.emplace();
  config.grpo->data.task = "chain_sum";
  return config;
}

}  // namespace

TEST_CASE("run folder: the resolved config stands in it and loads again to the same") {
  const TempFolder scratch;
  const auto config = config_in(scratch.path("runs/a"));
  const rl::RunFolder folder(config);
  rl::RunConfig stored;
  base::load(base::parse_json_file(folder.file("config.json")), stored);
  CHECK(base::dump(stored) == base::dump(config));
  CHECK(folder.completions() == scratch.path("runs/a/completions"));
  CHECK(folder.checkpoints("grpo") == scratch.path("runs/a/checkpoints/grpo"));
  CHECK(std::filesystem::is_directory(folder.completions()));
}

TEST_CASE("run folder: the same config opens it again; the cap on steps may differ and is stored") {
  const TempFolder scratch;
  auto config = config_in(scratch.path("run"));
  rl::RunFolder(config).write_result("result.json", {{"x", 1}});
  CHECK_NOTHROW(rl::RunFolder{config});
  config.max_steps = 7;
  const rl::RunFolder again(config);
  CHECK(base::parse_json_file(again.file("config.json"))["max_steps"] == 7);
  CHECK(again.read_result("result.json").value() == base::Json{{"x", 1}});
}

TEST_CASE("run folder: what a killed run left half-written is removed") {
  const TempFolder scratch;
  const auto config = config_in(scratch.path("run"));
  const rl::RunFolder folder(config);
  base::make_folders(folder.file("tokenizer"));
  const std::string unfinished[] = {folder.file("seconds.json.tmp-12-3"), folder.file("tokenizer/tokenizer.json.tmp-12-0"),
                                    folder.completions() + "/grpo_2.parquet.tmp-12-1"};
  for (const auto& file : unfinished) base::write_file_atomic(file, "half");
  rl::RunFolder{config};
  for (const auto& file : unfinished) CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("run folder: another config is refused with the path of the first difference, and the stored one stays") {
  const TempFolder scratch;
  const auto config = config_in(scratch.path("run"));
  const std::string stored = rl::RunFolder(config).file("config.json");
  const std::string content = base::read_file(stored);
  const auto refused = [&](auto change, const std::string& path) {
    auto other = config;
    change(other);
    const auto error = error_of([&] { rl::RunFolder{other}; });
    REQUIRE(error.has_value());
    CHECK(error->what_happened().find("another config") != std::string::npos);
    CHECK(error->where() == stored + path);
    CHECK(error->fix().find("output_dir of its own") != std::string::npos);
    CHECK(base::read_file(stored) == content);
  };
  refused([](rl::RunConfig& c) { c.seed = 9; }, "/seed");
  refused([](rl::RunConfig& c) { c.grpo->loss.beta = 0.5; }, "/grpo/loss/beta");
  refused([](rl::RunConfig& c) { c.grpo->max_steps = 5; }, "/grpo/max_steps");
  refused([](rl::RunConfig& c) { c.grpo->sampling.stop = {"x"}; }, "/grpo/sampling/stop/-");
  refused([](rl::RunConfig& c) { c.sft.emplace(); }, "/sft");
}

TEST_CASE("run folder: a run of a build that did not know a field yet goes on with the field's default") {
  const TempFolder scratch;
  auto config = config_in(scratch.path("run"));
  const std::string stored = rl::RunFolder(config).file("config.json");
  auto older = base::parse_json_file(stored);
  older["grpo"]["loss"].erase("beta");
  base::write_file_atomic(stored, older.dump());
  CHECK_NOTHROW(rl::RunFolder{config});
  CHECK(base::parse_json_file(stored)["grpo"]["loss"].contains("beta"));
  base::write_file_atomic(stored, older.dump());
  config.grpo->loss.beta = 0.5;
  CHECK(error_of([&] { rl::RunFolder{config}; }).value().where() == stored + "/grpo/loss/beta");
}

TEST_CASE("run folder: a stored field that this build does not know is refused with both ways out") {
  const TempFolder scratch;
  const auto config = config_in(scratch.path("run"));
  const std::string stored = rl::RunFolder(config).file("config.json");
  auto newer = base::parse_json_file(stored);
  newer["grpo"]["of_tomorrow"] = 1;
  base::write_file_atomic(stored, newer.dump());
  check_error([&] { rl::RunFolder{config}; }, "the run folder's config is not one of this build", stored + "/grpo/of_tomorrow",
              "resume with the build that began the run");
}

TEST_CASE("run folder: a result that is not there is nothing, a damaged config an Error") {
  const TempFolder scratch;
  const auto config = config_in(scratch.path("run"));
  const rl::RunFolder folder(config);
  CHECK_FALSE(folder.read_result("eval_before.json").has_value());
  base::write_file_atomic(folder.file("config.json"), "{\"seed\": ");
  CHECK(error_of([&] { rl::RunFolder{config}; }).value().where().find(folder.file("config.json")) == 0);
}

}  // namespace lockstep::test
