// SPDX-License-Identifier: Apache-2.0
// Samples: any bytes in the files, bounded texts and counts, a choice that position alone decides.
#include "cli/report/samples.h"

#include <doctest/doctest.h>

#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "cli/report/page.h"
#include "tests/cli/report/run_folder.h"

namespace lockstep::test {
namespace {

using base::Json;
using cli::report::read_samples;

std::string sample_line(const std::string& prompt, const std::string& completion, double reward) {
  const Json row = {{"step", 0},           {"prompt", prompt}, {"completion", completion},  {"accuracy", reward},      {"slow", "timeout"},
                    {"accuracy/answer", "7"}, {"reward", reward}, {"advantage", reward - 0.5}, {"num_tokens", 12}, {"finish_reason", "eos"}};
  return row.dump() + "\n";
}

}  // namespace

TEST_CASE("samples: what a row says is kept: texts, each reward or its status, extras, where it stands") {
  const RunFolderOnDisk run;
  run.write("completions/step_4.jsonl", sample_line("p", " <think>a\n\n  b</think>", 1) + sample_line("p", "x", 0));
  const Json samples = read_samples(run.path("completions"), {});
  CHECK(samples["parts"] == Json({"accuracy", "slow"}));
  CHECK(samples["prompts"] == Json({"p"}));
  CHECK(samples["steps"].dump() == R"([{"step":5,"shown":2,"total":2}])");
  CHECK(samples["rows"][0].dump() ==
        R"({"step":5,"line":1,"prompt":0,"completion":" <think>a\n\n  b</think>","reward":1,"advantage":0.5,"tokens":12,"finish":"eos",)"
        R"("parts":[1,"timeout"],"extras":{"accuracy/answer":"7"}})");
}

TEST_CASE("samples: any bytes in a completion reach the page as the same text, ill-formed UTF-8 as U+FFFD") {
  base::Random rng(3);
  for (int round = 0; round < 60; ++round) {
    const RunFolderOnDisk run;
    std::string raw, lines;
    for (uint64_t n = rng.below(200); n > 0; --n) {
      const auto byte = static_cast<char>(rng.below(256));
      if (byte == '"' || byte == '\\' || (byte >= 0 && byte < 0x20)) raw += rng.chance(0.5) ? "</script>" : "<!--";
      else raw += byte;
    }
    run.write("completions/step_0.jsonl", "{\"prompt\":\"" + raw + "\",\"completion\":\"" + raw + "\"}\n");
    const Json document = {{"samples", read_samples(run.path("completions"), {})}};
    const Json data = page_data(cli::report::make_page(document, {.title = "t"}));
    REQUIRE(data["samples"]["rows"].size() == 1);
    CHECK(data["samples"]["rows"][0]["completion"] == base::repair_utf8(raw));
    CHECK(data["samples"]["prompts"][0] == base::repair_utf8(raw));
  }
}

TEST_CASE("samples: long texts keep their beginning and end at code points, and say how much is missing") {
  base::Random rng(5);
  for (int round = 0; round < 100; ++round) {
    const RunFolderOnDisk run;
    std::string text;
    const std::vector<char32_t> letters = {U'a', 0xE9, 0x4E2D, 0x1F600};
    for (uint64_t n = 1 + rng.below(4000); n > 0; --n) base::append_utf8(text, rng.pick(letters));
    run.write("completions/step_0.jsonl", sample_line("p", text, 1));
    const size_t limit = 50 + rng.below(3000);
    const Json completion = read_samples(run.path("completions"), {.max_text_bytes = limit})["rows"][0]["completion"];
    if (text.size() <= limit) {
      CHECK(completion == text);
      continue;
    }
    const std::string head = completion[0], tail = completion[2];
    CHECK(head.size() + tail.size() <= limit);
    CHECK(head.size() + tail.size() + completion[1].get<size_t>() == text.size());
    CHECK(text.starts_with(head));
    CHECK(text.ends_with(tail));
    CHECK(base::is_utf8(head));
    CHECK(base::is_utf8(tail));
  }
}

TEST_CASE("samples: the number of steps, rows and bytes is bounded, and the first and last step are always there") {
  const RunFolderOnDisk run;
  for (int step = 0; step < 150; ++step) {
    std::string lines;
    for (int i = 0; i < 64; ++i) lines += sample_line("prompt " + std::to_string(i / 8), std::string(400, 'c'), i % 2);
    run.write("completions/step_" + std::to_string(step) + ".jsonl", lines);
  }
  const Json samples = read_samples(run.path("completions"), {.max_bytes = 200'000, .max_steps = 40, .per_step = 16});
  CHECK(samples["num_steps"] == 150);
  CHECK(samples["steps"].size() <= 40);
  CHECK(samples["steps"].size() >= 20);
  CHECK(samples["steps"].front()["step"] == 1);
  CHECK(samples["steps"].back()["step"] == 150);
  CHECK(samples.dump().size() < 300'000);
  int64_t widest = 0;
  for (size_t i = 1; i < samples["steps"].size(); ++i)
    widest = std::max(widest, samples["steps"][i]["step"].get<int64_t>() - samples["steps"][i - 1]["step"].get<int64_t>());
  CHECK(widest <= 12);
  std::set<std::pair<int64_t, int64_t>> places;
  for (const auto& row : samples["rows"]) places.emplace(row["step"], row["line"]);
  CHECK(places.size() == samples["rows"].size());  // no row twice
}

TEST_CASE("samples: files that are no samples, lines that are no rows and a missing folder give what there is") {
  const RunFolderOnDisk run;
  run.write("completions/step_x.jsonl", sample_line("p", "c", 1));
  run.write("completions/step_-1.jsonl", sample_line("p", "c", 1));
  run.write("completions/step_99999999999999999999.jsonl", sample_line("p", "c", 1));
  CHECK(read_samples(run.path("completions"), {})["rows"].empty());
  run.write("completions/step_1.jsonl", "[1]\nnull\n{\n" + sample_line("p", "kept", 1) +
                                            "{\"completion\":3,\"prompt\":[{\"role\":\"user\"}],\"a\":{}}\n{\"unfinished");
  const Json samples = read_samples(run.path("completions"), {});
  REQUIRE(samples["rows"].size() == 2);
  CHECK(samples["rows"][0]["completion"] == "kept");
  CHECK(samples["rows"][1]["completion"] == "3");
  CHECK(samples["prompts"][1] == R"([{"role":"user"}])");
  CHECK(samples["steps"][0]["total"] == 5);
  CHECK(read_samples(run.path("nothing"), {})["rows"].empty());
}

}  // namespace lockstep::test
