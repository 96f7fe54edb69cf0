// SPDX-License-Identifier: Apache-2.0
// Reports of whole run folders: empty, damaged, long, several.
#include <doctest/doctest.h>

#include <chrono>
#include <cmath>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "cli/report/run_facts.h"
#include "cli/report/run_reader.h"
#include "cli/report/write_report.h"
#include "tests/cli/report/run_folder.h"
#include "tests/support/errors.h"

namespace lockstep::test {
namespace {

using base::Json;
using cli::report::write_report;

Json report_of(const RunFolderOnDisk& run) { return page_data(base::read_file(write_report(run.path())))["runs"][0]; }

}  // namespace

TEST_CASE("report: an empty folder is a run without steps, whatever its name") {
  const RunFolderOnDisk run("a <b> & \"c\"");
  const Json data = report_of(run);
  CHECK(data["name"] == "a <b> & \"c\"");
  CHECK(data["stages"].empty());
  CHECK(data["samples"]["rows"].empty());
  CHECK(data["config"].is_null());
  CHECK(data["notices"].empty());
}

TEST_CASE("report: torn, foreign and senseless lines are left out, counted and said; the rest is there") {
  const RunFolderOnDisk run;
  const std::string first = metrics_line("grpo", 1, {{"reward", 0.25}, {"kl", nullptr}});
  const std::string last = metrics_line("grpo", 2, {{"reward", 1e300}, {"kl", -1e300}, {"text", "ignored"}, {"is", true}});
  run.write("metrics.jsonl", first + "{\"step\":2,\"reward\":NaN}\n[]\n{\"step\":\"3\"}\n{\"step\":18446744073709551615}\n\xFF\xFE\n" +
                                 "{\"step\":2,\"step\":3}\n" + last + "{\"stage\":\"grpo\",\"step\":3,\"rew");
  const Json data = report_of(run);
  REQUIRE(data["stages"].size() == 1);
  const Json& stage = data["stages"][0];
  CHECK(stage["num_rows"] == 2);
  CHECK(stage["last_step"] == 2);
  CHECK(stage["series"]["reward"]["y"] == Json({0.25, 1e300}));
  CHECK(stage["series"]["kl"]["y"] == Json({nullptr, -1e300}));
  CHECK(stage["series"]["kl"]["bad"] == 1);
  CHECK_FALSE(stage["series"].contains("text"));
  CHECK_FALSE(stage["series"].contains("is"));
  CHECK(data["notices"][0] == "metrics.jsonl: 6 lines are no row of metrics, and left out here.");
}

TEST_CASE("report: stages stand in the order they came, with steps, time and the sum of step times") {
  const RunFolderOnDisk run;
  run.write("metrics.jsonl", metrics_line("pretrain", 1, {{"loss", 5}, {"step_time", 2}}) + metrics_line("pretrain", 2, {{"loss", 4}, {"step_time", 3}}) +
                                 metrics_line("grpo", 1, {{"loss", 1}, {"step_time", 0.5}}));
  const Json stages = report_of(run)["stages"];
  CHECK(stages[0]["name"] == "pretrain");
  CHECK(stages[0]["series"]["elapsed_s"]["y"] == Json({2, 5}));
  CHECK(stages[0]["elapsed_s"] == 5);
  CHECK(stages[1]["name"] == "grpo");
  CHECK(stages[1]["elapsed_s"] == 0.5);
}

TEST_CASE("report: more names and stages than a page can hold are left out, and said") {
  const RunFolderOnDisk run;
  Json wide;
  for (int i = 0; i < 700; ++i) wide["metric/" + std::to_string(i)] = i;
  wide[std::string(300, 'n')] = 1;
  std::string lines = metrics_line("grpo", 1, wide);
  for (int i = 0; i < 40; ++i) lines += metrics_line("stage" + std::to_string(i), 1, {{"loss", 1}});
  run.write("metrics.jsonl", lines);
  const Json data = report_of(run);
  CHECK(data["stages"].size() == cli::report::MetricsTable::kMaxStages);
  CHECK(data["stages"][0]["series"].size() == cli::report::MetricsTable::kMaxMetrics);
  CHECK(data["notices"][0].get<std::string>().find("118 values are left out") != std::string::npos);  // 100 + 1 + 17
}

TEST_CASE("report: facts: config and its hash without conduct, evaluations, times of the log, parameters of the model") {
  const RunFolderOnDisk run;
  run.write("config.json", R"({"output_dir":"a","seed":1,"max_steps":0,"workers":{},"model":{"path":"m","config":{}}})");
  run.write("eval_before.json", R"({"pass_at_1":0.5})");
  run.write("eval_after.json", R"({"pass_at_1":)");  // being written
  run.write("seconds.json", "[1]");
  run.write("log", "2026-11-22T10:52:06Z info begun\n  a table\n2026-11-22T10:59:00Z info done\n  more\n");
  const Json facts = cli::report::run_facts(run.path());
  CHECK(facts["evals"]["before"]["pass_at_1"] == 0.5);
  CHECK(facts["evals"]["after"].is_null());
  CHECK(facts["seconds"].is_null());
  CHECK(facts["started"] == "2026-11-22T10:52:06Z");
  CHECK(facts["ended"] == "2026-11-22T10:59:00Z");
  CHECK(facts["model"]["path"] == "m");
  CHECK(facts["is_finished"] == false);
  run.write("config.json", R"({"output_dir":"b","seed":1,"max_steps":5,"model":{"path":"m","config":{}}})");
  CHECK(cli::report::run_facts(run.path())["config_hash"] == facts["config_hash"]);
  run.write("config.json", R"({"output_dir":"b","seed":2,"model":{"path":"m","config":{}}})");
  CHECK(cli::report::run_facts(run.path())["config_hash"] != facts["config_hash"]);
  std::filesystem::create_directories(run.path("model"));
  const std::string header = R"({"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[3,5]},"b":{"dtype":"F32","shape":[]}})";
  run.write("model/model.safetensors", std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header);
  CHECK(cli::report::run_facts(run.path())["num_parameters"] == 16);
  run.write("model/model.safetensors", std::string(8, '\xFF') + header);
  CHECK(cli::report::run_facts(run.path())["num_parameters"].is_null());
  run.write("model/model.safetensors", "short");
  CHECK(cli::report::run_facts(run.path())["num_parameters"].is_null());
}

TEST_CASE("report: 10,000 steps of 60 metrics are a page below 5 MB with every extreme in it") {
  const RunFolderOnDisk run;
  base::Random rng(6);
  std::string lines;
  double highest = 0;
  for (int64_t step = 1; step <= 10000; ++step) {
    Json values;
    for (int i = 0; i < 60; ++i) values["group_" + std::to_string(i / 4) + "/metric_" + std::to_string(i)] = rng.normal();
    values["spiky"] = rng.chance(0.001) ? 1e6 * rng.uniform() : rng.uniform();
    highest = std::max(highest, values["spiky"].get<double>());
    lines += metrics_line("grpo", step, values);
  }
  run.write("metrics.jsonl", lines);
  const auto started = std::chrono::steady_clock::now();
  const std::string page = base::read_file(write_report(run.path()));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  MESSAGE("10,000 steps of 61 metrics: ", page.size(), " bytes, written in ", seconds.count(), " s");
  CHECK(page.size() < 5'000'000);
  const Json spiky = page_data(page)["runs"][0]["stages"][0]["series"]["spiky"];
  double seen = 0;
  for (const auto& high : spiky["hi"]) seen = std::max(seen, high.get<double>());
  CHECK(seen == doctest::Approx(highest).epsilon(1e-6));
}

TEST_CASE("report: several runs share one page, each with less, equal names told apart") {
  const RunFolderOnDisk a("run"), b("run"), c("other");
  for (const auto* run : {&a, &b, &c}) run->write("metrics.jsonl", metrics_line("grpo", 1, {{"reward", 1}}));
  write_report({a.path(), b.path(), c.path()}, a.outside("all.html"));
  const Json runs = page_data(base::read_file(a.outside("all.html")))["runs"];
  REQUIRE(runs.size() == 3);
  CHECK(runs[0]["name"] == "run");
  CHECK(runs[1]["name"] == "run (2)");
  CHECK(runs[2]["name"] == "other");
}

TEST_CASE("report: the page of a run is the same each time") {
  const RunFolderOnDisk run;
  run.write("metrics.jsonl", metrics_line("grpo", 1, {{"reward", 1}}));
  const std::string first = base::read_file(write_report(run.path()));
  CHECK(base::read_file(write_report(run.path())) == first);
}

TEST_CASE("report: wrong folders, counts and outputs are errors that say what to do") {
  const RunFolderOnDisk run;
  check_error([] { write_report("no/such/run"); }, "there is no such run folder", "no/such/run", "output_dir");
  run.write("file", "");
  check_error([&] { write_report(run.path("file")); }, "there is no such run folder", "file", "output_dir");
  check_error([&] { write_report(std::vector<std::string>(33, run.path()), "x.html"); }, "1 to 32 runs, these are 33", "x.html", "fewer");
  check_error([&] { write_report(std::vector<std::string>{}, "x.html"); }, "these are 0", "x.html", "fewer");
  check_error([&] { write_report({run.path()}, run.path("no/x.html")); }, "cannot", "x.html", "");
}

}  // namespace lockstep::test
