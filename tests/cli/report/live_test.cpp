// SPDX-License-Identifier: Apache-2.0
// The live view: the page and its increments together are the whole file, however the run writes, stops and resumes.
#include "cli/report/live_view.h"

#include <doctest/doctest.h>

#include "base/rng.h"
#include "base/text.h"
#include "tests/cli/report/run_folder.h"
#include "tests/support/errors.h"

namespace lockstep::test {
namespace {

using base::Json;
using cli::report::LiveView;

Json json_of(const cli::report::HttpResponse& response) {
  CHECK(response.status == 200);
  return base::parse_json(response.body, "answer");
}

// What a browser knows: the steps of the page, then those of each answer.
struct Browser {
  explicit Browser(LiveView& live_view) : view(live_view) { load(); }
  void load() {
    const Json data = page_data(view.answer({.path = "/"}).body);
    cursor = data["live"]["cursor"].get<std::string>();
    steps.clear();
    if (data["runs"][0]["stages"].empty()) return;
    for (const auto& step : data["runs"][0]["stages"][0]["steps"]) steps.push_back(step.get<int64_t>());
  }
  Json poll() {
    Json answer;
    do {
      answer = json_of(view.answer({.path = "/data.json", .query = "after=" + cursor}));
      if (answer.contains("reset")) {
        load();
        return answer;
      }
      for (const auto& row : answer["rows"]) steps.push_back(row["step"].get<int64_t>());
      cursor = answer["cursor"].get<std::string>();
    } while (answer["more"].get<bool>());
    return answer;
  }
  LiveView& view;
  std::string cursor;
  std::vector<int64_t> steps;
};

std::vector<int64_t> first_steps(int64_t count) {
  std::vector<int64_t> out;
  for (int64_t i = 1; i <= count; ++i) out.push_back(i);
  return out;
}

}  // namespace

TEST_CASE("live: a page and its increments hold every step once, in order, while rows come in any portions") {
  const RunFolderOnDisk run;
  LiveView view(run.path());
  Browser browser(view);
  base::Random rng(2);
  int64_t step = 0;
  for (int round = 0; round < 40; ++round) {
    std::string bytes;
    for (uint64_t n = rng.below(60); n > 0; --n) bytes += metrics_line("grpo", ++step, {{"reward", 0.5}});
    const size_t cut = rng.below(bytes.size() + 1);
    run.append("metrics.jsonl", bytes.substr(0, cut));
    browser.poll();
    run.append("metrics.jsonl", bytes.substr(cut));
    if (rng.chance(0.5)) browser.poll();
  }
  browser.poll();
  CHECK(browser.steps == first_steps(step));
}

TEST_CASE("live: more rows than one answer holds come in several, and too many begin anew") {
  const RunFolderOnDisk run;
  LiveView view(run.path());
  Browser browser(view);
  std::string bytes;
  for (int64_t step = 1; step <= 1700; ++step) bytes += metrics_line("grpo", step, {{"reward", 1}});
  run.append("metrics.jsonl", bytes);
  CHECK_FALSE(browser.poll().contains("reset"));
  CHECK(browser.steps == first_steps(1700));
  Browser late(view);
  bytes.clear();
  for (int64_t step = 1701; step <= 7000; ++step) bytes += metrics_line("grpo", step, {{"reward", 1}});
  run.append("metrics.jsonl", bytes);
  CHECK(late.poll().contains("reset"));
}

TEST_CASE("live: a run that resumed behind what the page knows begins anew") {
  const RunFolderOnDisk run;
  run.write("metrics.jsonl", metrics_line("grpo", 1) + metrics_line("grpo", 2) + metrics_line("grpo", 3));
  LiveView view(run.path());
  Browser browser(view);
  run.write("new", metrics_line("grpo", 1) + metrics_line("grpo", 2));
  std::filesystem::rename(run.path("new"), run.path("metrics.jsonl"));
  CHECK(browser.poll().contains("reset"));
  run.append("metrics.jsonl", metrics_line("grpo", 3));
  CHECK_FALSE(browser.poll().contains("reset"));
  CHECK(browser.steps == first_steps(3));
}

TEST_CASE("live: samples of a new step come once, evaluations as they are") {
  const RunFolderOnDisk run;
  run.write("completions/step_0.jsonl", "{\"completion\":\"old\"}\n");
  LiveView view(run.path());
  Browser browser(view);
  CHECK_FALSE(browser.poll().contains("samples"));
  run.write("completions/step_1.jsonl", "{\"completion\":\"</script>\"}\n");
  run.write("eval_after.json", "{\"pass_at_1\": 0.75}");
  const Json answer = browser.poll();
  CHECK(answer["samples"]["rows"][0]["completion"] == "</script>");
  CHECK(answer["facts"]["evals"]["after"]["pass_at_1"] == 0.75);
  CHECK_FALSE(browser.poll().contains("samples"));
}

TEST_CASE("live: paths that are none, cursors that are none and cursors of another server are answered so") {
  const RunFolderOnDisk run;
  LiveView view(run.path());
  CHECK(view.answer({.path = "/../config.json"}).status == 404);
  CHECK(view.answer({.path = "/index.html"}).status == 404);
  CHECK(view.answer({.path = "/favicon.ico"}).status == 204);
  for (const char* query : {"", "after=", "after=x", "after=a_b_c", "after=a_1", "after=a_1_2_3", "after=a_1_99999999999999999999"}) {
    CAPTURE(query);
    CHECK(view.answer({.path = "/data.json", .query = query}).status == 400);
  }
  CHECK(json_of(view.answer({.path = "/data.json", .query = "after=elsewhere_0_0"})).contains("reset"));
  Browser browser(view);
  const std::string beginning = browser.cursor.substr(0, browser.cursor.find('_'));
  for (const char* rest : {"_5_0", "_-1_0", "_-9223372036854775808_0"})
    CHECK(json_of(view.answer({.path = "/data.json", .query = "after=" + beginning + rest})).contains("reset"));
  const auto page = view.answer({.path = "/"});
  CHECK(page.headers[0].second.find("frame-ancestors 'none'") != std::string::npos);
  CHECK(page.body.find("connect-src 'self'") != std::string::npos);
}

TEST_CASE("live: a folder that is not there is an error") {
  check_error([] { LiveView view("no/such/run"); }, "there is no such run folder", "no/such/run", "output_dir");
}

}  // namespace lockstep::test
