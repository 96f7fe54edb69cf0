// SPDX-License-Identifier: Apache-2.0
// Files without duplicates: which rows stay, and what the report says.
#include "rewards/data/dedup.h"

#include "base/file.h"
#include "base/text.h"
#include "tests/base/temp_folder.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::data {
namespace {

using base::TempFolder;

}  // namespace

TEST_CASE("dedup: the first row of each cluster stays byte for byte, over files and shapes") {
  const TempFolder folder;
  base::write_file_atomic(folder / "a.jsonl",
                          "{\"prompt\":  \"What is 3+4?\", \"answer\": \"7\"}\n{\"prompt\": \"What is 3-4?\"}\n"
                          "{\"prompt\": \"what is 3 + 4?\"}\n");
  base::write_file_atomic(folder / "b.jsonl",
                          "{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"What is 3-4?\"}]}\n"
                          "{\"instruction\": \"New\", \"input\": \"one\", \"output\": \"x\"}\n");
  const std::vector<std::string> inputs = {folder / "a.jsonl", folder / "b.jsonl"};
  const DedupReport report = dedup(inputs, folder / "out.jsonl", {.clusters = {.is_exact = true}});
  CHECK(base::read_file(folder / "out.jsonl") ==
        "{\"prompt\":  \"What is 3+4?\", \"answer\": \"7\"}\n{\"prompt\": \"What is 3-4?\"}\n"
        "{\"instruction\": \"New\", \"input\": \"one\", \"output\": \"x\"}\n");
  CHECK(report.rows_in == 5);
  CHECK(report.rows_out == 3);
  CHECK(report.num_clusters == 2);
  CHECK(report.largest == 2);
  CHECK(report.clusters.num_exact == 2);
  CHECK(report.sizes == std::map<size_t, size_t>{{2, 2}});
  REQUIRE(report.examples.size() == 2);
  CHECK(report.examples[0].kept.ends_with("a.jsonl:1"));
  CHECK(report.examples[0].removed.ends_with("a.jsonl:3"));
  CHECK(report.examples[1].removed_text == "What is 3-4?");
  CHECK(contains(report.text(), "5 rows in, 3 out: 2 duplicates in 2 clusters"));
  CHECK(report.json()["cluster_sizes"]["<=2"] == 2);
  CHECK(folder.num_entries() == 3);  // no scratch file is left
}

TEST_CASE("dedup: a near duplicate goes when it is near enough, and only then") {
  const TempFolder folder;
  const std::string text = "one two three four five six seven eight nine ten";
  base::write_file_atomic(folder / "a.jsonl", cat("{\"prompt\": \"", text, "\"}\n{\"prompt\": \"", text, " eleven\"}\n"));
  const auto rows = [&](double threshold) {  // the texts share 6 of 7 5-grams: 0.857
    return dedup({folder / "a.jsonl"}, folder / "o.jsonl", {.clusters = {.threshold = threshold}}).rows_out;
  };
  CHECK(rows(0.85) == 1);
  CHECK(rows(0.86) == 2);
}

TEST_CASE("dedup: a missing column, no rows and an unknown shape are refused, and no file is written") {
  const TempFolder folder;
  base::write_file_atomic(folder / "a.jsonl", "{\"prompt\": \"p\"}\n{\"foo\": 1}\n");
  base::write_file_atomic(folder / "empty.jsonl", "\n");
  const auto run = [&](const std::string& name, const std::string& field) {
    dedup({folder / name}, folder / "out.jsonl", {.field = field});
  };
  expect_error([&] { run("a.jsonl", "prompt"); }, "the row has no known shape", "a.jsonl:2", "prompt");
  expect_error([&] { run("a.jsonl", "bar"); }, "the row has no \"bar\"", "a.jsonl:1", "name a column");
  expect_error([&] { run("empty.jsonl", "prompt"); }, "there are no rows", "empty.jsonl", "give files with rows");
  CHECK(folder.num_entries() == 2);
}

}  // namespace lockstep::rewards::data
