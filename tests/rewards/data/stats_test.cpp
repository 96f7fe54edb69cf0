// SPDX-License-Identifier: Apache-2.0
// Statistics of rows: sums that must hold, and a small file whose counts are known.
#include "rewards/data/stats.h"

#include <algorithm>
#include <numeric>

#include "base/file.h"
#include "base/rng.h"
#include "tests/base/temp_folder.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::data {

TEST_CASE("stats: a histogram holds each length once, and the median splits them") {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    base::Random random(seed, "stats");
    std::vector<uint32_t> lengths;
    for (uint64_t i = 1 + random.below(200); i > 0; --i) lengths.push_back(static_cast<uint32_t>(random.bits64() >> (32 + random.below(32))));
    const LengthSummary summary = summarise(lengths);
    CHECK(std::accumulate(summary.histogram.begin(), summary.histogram.end(), size_t{0}) == lengths.size());
    CHECK(summary.histogram.back() > 0);
    const auto below = std::count_if(lengths.begin(), lengths.end(), [&](uint32_t l) { return l < summary.median; });
    const auto above = std::count_if(lengths.begin(), lengths.end(), [&](uint32_t l) { return l > summary.median; });
    CHECK(static_cast<size_t>(below) <= lengths.size() / 2);
    CHECK(static_cast<size_t>(above) <= lengths.size() / 2);
    CHECK(summary.least <= summary.median);
    CHECK(summary.p95 <= summary.most);
    CHECK(summary.mean <= summary.most);
  }
  CHECK(summarise({}).count == 0);
}

TEST_CASE("stats: rows, columns, repeats, shapes, languages and classes of a small file") {
  const base::TempFolder folder;
  base::write_file_atomic(
      folder / "a.jsonl",
      "{\"prompt\": \"What is the sum of the two numbers and where is it?\", \"answer\": \"5\", \"kind\": \"sum\"}\n"
      "{\"prompt\": \"what is the sum of the two numbers and where is it?\", \"answer\": \"\", \"kind\": \"sum\"}\n"
      "{\"question\": \"\xE8\xAF\xB7\xE9\x97\xAE\xE5\xA4\x9A\xE5\xB0\x91\", \"answer\": 7, \"kind\": \"other\"}\n"
      "{\"text\": \"x y z\"}\n{\"foo\": null}\n");
  const StatsReport report = stats({folder / "a.jsonl"});
  CHECK(report.num_rows == 5);
  CHECK(report.num_repeated_prompts == 1);
  CHECK(report.num_without_gold == 1);
  CHECK(report.shapes == std::map<std::string, size_t>{{"question", 1}, {"text", 1}, {"trl", 2}, {"unknown", 1}});
  CHECK(report.languages == std::map<std::string, size_t>{{"?", 1}, {"en", 2}, {"zh", 1}});
  CHECK(report.classes.at("kind") == std::map<std::string, size_t>{{"other", 1}, {"sum", 2}});
  REQUIRE(report.columns.size() == 6);
  CHECK(report.columns[1].first == "answer");
  CHECK(report.columns[1].second.num_rows == 3);
  CHECK(report.columns[1].second.num_empty == 1);
  CHECK(report.columns[1].second.types == std::map<std::string, size_t>{{"number", 1}, {"string", 2}});
  CHECK(report.columns[5].second.num_empty == 1);
  CHECK(report.lengths.at("prompt words").most == 12);
  CHECK(report.lengths.at("prompt characters").least == 4);
  CHECK(report.lengths.at("document words").count == 1);
  CHECK(contains(report.text(), "5 rows; 1 repeat a prompt"));
  CHECK(contains(report.text(), "kind: sum 2 (40.0 %), other 1 (20.0 %)"));
  CHECK(report.json()["columns"]["answer"]["empty"] == 1);
}

TEST_CASE("stats: control bytes of a data set do not reach the terminal, and no rows are an Error") {
  const base::TempFolder folder;
  base::write_file_atomic(folder / "a.jsonl", "{\"\\u001b[31m\": 1, \"kind\": \"\\u001b[2J\"}\n");
  const std::string text = stats({folder / "a.jsonl"}).text();
  CHECK(text.find('\x1b') == std::string::npos);
  base::write_file_atomic(folder / "none.jsonl", "");
  expect_error([&] { stats({folder / "none.jsonl"}); }, "there are no rows", "none.jsonl", "give files with rows");
}

}  // namespace lockstep::rewards::data
