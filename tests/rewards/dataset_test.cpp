// SPDX-License-Identifier: Apache-2.0
// Data sets: both forms, every refusal with its line, and the order of rows.
#include "rewards/dataset.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "rewards/combined.h"
#include "rewards/tasks/task.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards {
namespace {

using base::Json;

// A file that lives as long as the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_((std::filesystem::temp_directory_path() / cat("lockstep_dataset_", getpid(), ".jsonl")).string()) {
    base::write_file_atomic(path_, content);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Dataset load_text(const std::string& content, const DatasetOptions& options = {}) {
  return Dataset::load(TemporaryFile(content).path(), options);
}

const std::string kVerlRow =
    R"({"data_source": "gsm8k", "prompt": [{"role": "user", "content": "6 * 7?"}], "ability": "math", )"
    R"("reward_model": {"style": "rule", "ground_truth": "42"}, "extra_info": {"index": 3}})";

TEST_CASE("data set: TRL's form keeps every column, and blank lines do not count") {
  const Dataset dataset = load_text(
      "{\"prompt\": \"6 * 7?\", \"answer\": \"42\", \"level\": {\"a\": [1, null]}}\n\n  \n{\"prompt\": \"1 + 1?\", "
      "\"answer\": 2}\n");
  REQUIRE(dataset.size() == 2);
  CHECK_FALSE(dataset.has_message_prompts());
  CHECK(dataset.row(0)["level"] == Json{{"a", {1, nullptr}}});
  CHECK(dataset.row(1)["answer"] == 2);
}

TEST_CASE("data set: verl's form gets its ground truth as `answer`, and scores with it") {
  const Dataset dataset = load_text(kVerlRow + "\n" + kVerlRow);
  REQUIRE(dataset.size() == 2);
  CHECK(dataset.has_message_prompts());
  CHECK(dataset.row(0)["answer"] == "42");
  CHECK(dataset.row(0)["reward_model"]["style"] == "rule");
  CHECK(dataset.row(0)["extra_info"]["index"] == 3);
  const Combined rewards({{.type = "accuracy"}}, 0);
  CHECK(rewards.score({.prompt = "", .completion = "\\boxed{42}", .columns = &dataset.row(0)}).value == 1);
}

TEST_CASE("data set: the rows that tasks write load unchanged") {
  for (const char* style : {"dialogue", "question", "chat"}) {
    for (const TaskKind& kind : task_table()) {
      const Task task(kind.name, {{"style", style}});
      std::string content;
      std::vector<Json> rows;
      for (uint64_t i = 0; i < 5; ++i) {
        rows.push_back(task.make(0, Split::train, i));
        content += cat(rows.back().dump(), "\n");
      }
      const Dataset loaded = load_text(content), made = Dataset::from_rows(rows, "task");
      for (size_t i = 0; i < rows.size(); ++i) {
        CHECK(loaded.row(i) == rows[i]);
        CHECK(made.row(i) == rows[i]);
      }
    }
  }
}

TEST_CASE("data set: rows of other shapes become prompts with their gold answers") {
  const Dataset questions = load_text("{\"question\": \"1+1\", \"answer\": \"#### 2\"}\n{\"problem\": \"1+2\", \"solution\": \"3\"}\n");
  CHECK(questions.row(0) == Json{{"prompt", "1+1"}, {"answer", "#### 2"}});
  CHECK(questions.row(1) == Json{{"prompt", "1+2"}, {"solution", "3"}});
  const Dataset chats = load_text(
      R"({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "kind": "x"})"
      "\n"
      R"({"conversations": [{"from": "human", "value": "r"}]})");
  CHECK(chats.has_message_prompts());
  CHECK(chats.row(0)["kind"] == "x");
  CHECK(chats.row(1)["prompt"] == Json::array({{{"role", "user"}, {"content", "r"}}}));
  expect_error([] { load_text("{\"text\": \"t\"}\n"); }, "a document without a prompt", ".jsonl:1", "as they are");
}

TEST_CASE("data set: verl's Parquet is read like its JSON lines") {
  const std::string folder = LOCKSTEP_SOURCE_DIR "/tests/fixtures/parquet/";
  const Dataset parquet = Dataset::load(folder + "verl.parquet"), lines = Dataset::load(folder + "verl.jsonl");
  REQUIRE(parquet.size() == 50);
  for (size_t i = 0; i < 50; ++i) CHECK(parquet.row(i) == lines.row(i));
  CHECK(parquet.row(3)["answer"] == "7");
  expect_error([&] { Dataset::load(folder + "two_level.parquet"); }, "the row has no \"prompt\"", "two_level.parquet: row 1", "give text");
  expect_error([&] { Dataset::load(folder + "verl.parquet", {.max_rows = 49}); }, "more than 49 rows", "verl.parquet: row 50", "split");
}

// The second line of a file is the one to blame.
void expect_refused(const std::string& line, std::string_view what, std::string_view fix) {
  const std::string first =
      contains(line, "data_source") || contains(line, "reward_model") ? kVerlRow : std::string(R"({"prompt": "p"})");
  expect_error([&] { load_text(cat(first, "\n", line, "\n")); }, what, ".jsonl:2", fix);
}

TEST_CASE("data set: each malformed row is refused with its line") {
  expect_refused("[1]", "the row is array, not an object", "one object a line");
  expect_refused(R"({"answer": "42"})", "the row has no \"prompt\"", "give text, or a list");
  expect_refused(R"({"prompt": 3})", "the prompt is number", "give text, or a list");
  expect_refused(R"({"prompt": null})", "the prompt is null", "give text, or a list");
  expect_refused(R"({"prompt": ""})", "the prompt is empty", "give text, or a list");
  expect_refused(R"({"prompt": []})", "the prompt is empty", "give text, or a list");
  expect_refused(R"({"prompt": ["hi"]})", "a message of the prompt is string", "give text, or a list");
  expect_refused(R"({"prompt": [{"role": "user"}]})", "has no text \"content\"", "give text, or a list");
  expect_refused(R"({"prompt": [{"role": 1, "content": "x"}]})", "has no text \"role\"", "give text, or a list");
  expect_refused(R"({"prompt": [{"role": "bot", "content": "x"}]})", "unknown role \"bot\"",
                 "system, user, assistant, tool");
  expect_refused(R"({"prompt": [{"role": "user", "content": "x", "weight": 1}]})", "unknown key \"weight\"",
                 "role and content only");
  expect_refused(R"({"prompt": [{"role": "user", "content": "x"}]})",
                 "the prompt is array, but that of the first row is string", "in the whole file");
}

TEST_CASE("data set: each malformed row of verl's form is refused with its line") {
  const std::string prompt = R"("prompt": [{"role": "user", "content": "x"}])";
  const char* fix = "\"reward_model\": {\"ground_truth\"}";
  expect_refused(cat("{", prompt, R"(, "data_source": "x"})"), "the row has no \"reward_model\"", fix);
  expect_refused(cat("{", prompt, R"(, "reward_model": {"ground_truth": 1}})"), "the row has no \"data_source\"", fix);
  expect_refused(cat("{", prompt, R"(, "data_source": 1, "reward_model": {}})"), "data_source is no text", fix);
  expect_refused(cat("{", prompt, R"(, "data_source": "x", "reward_model": "r"})"), "reward_model is string", fix);
  expect_refused(cat("{", prompt, R"(, "data_source": "x", "reward_model": {}})"), "has no ground_truth", fix);
  expect_refused(cat("{", prompt, R"(, "data_source": "x", "reward_model": {"ground_truth": null}})"),
                 "has no ground_truth", fix);
  expect_refused(cat("{", prompt, R"(, "data_source": "x", "reward_model": {"ground_truth": 1}, "extra_info": 5})"),
                 "extra_info is number", fix);
  expect_refused(cat("{", prompt, R"(, "data_source": "x", "reward_model": {"ground_truth": 1}, "answer": 2})"),
                 "differs from", "keep one of the two");
}

TEST_CASE("data set: damaged and hostile lines are refused with their line") {
  const auto where_of = [](const std::string& line, const DatasetOptions& options = {}) {
    try {
      load_text(cat("{\"prompt\": \"p\"}\n", line, "\n"), options);
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("accepted");
  };
  for (const std::string& line :
       {std::string("{"), std::string("{\"prompt\": \"p\"} x"), std::string("{\"prompt\": \"\xFF\"}"),
        std::string("{\"prompt\": \"a\", \"prompt\": \"b\"}"), std::string("{\"prompt\": \"p\", \"x\": NaN}"),
        "{\"prompt\": \"p\", \"x\": " + std::string(100'000, '[') + std::string(100'000, ']') + "}"}) {
    CHECK_MESSAGE(contains(where_of(line), ".jsonl:2"), line.substr(0, 60));
  }
  CHECK(contains(where_of("{\"prompt\": \"" + std::string(2000, 'a') + "\"}", {.max_line_bytes = 1000}), ".jsonl:2"));
  CHECK(where_of("{\"prompt\": \"" + std::string(900, 'a') + "\"}", {.max_line_bytes = 1000}) == "accepted");
}

TEST_CASE("data set: no rows, too many rows and no file are refused") {
  expect_error([] { load_text("\n \n"); }, "the data set has no rows", ".jsonl", "one JSON object a line");
  expect_error([] { Dataset::from_rows({}, "chain_sum"); }, "the data set has no rows", "chain_sum",
               "at least one row");
  expect_error([] { load_text("{\"prompt\": \"p\"}\n{\"prompt\": \"p\"}\n", {.max_rows = 1}); }, "more than 1 rows",
               ".jsonl:2", "raise max_rows");
  CHECK_THROWS_AS(Dataset::load("/nonexistent/rows.jsonl"), Error);
  expect_error([] { RowOrder(0, 1); }, "there are no rows", "data set", "at least one row");
}

TEST_CASE("row order: every epoch visits every row once, in an order of its own") {
  for (size_t num_rows : {size_t{1}, size_t{2}, size_t{7}, size_t{100}}) {
    RowOrder order(num_rows, 11);
    std::set<std::vector<size_t>> orders;
    for (uint64_t epoch = 0; epoch < 5; ++epoch) {
      std::vector<size_t> rows;
      for (uint64_t i = 0; i < num_rows; ++i) rows.push_back(order.row_at(epoch * num_rows + i));
      orders.insert(rows);
      std::sort(rows.begin(), rows.end());
      for (size_t i = 0; i < num_rows; ++i) CHECK(rows[i] == i);
    }
    if (num_rows >= 7) CHECK(orders.size() == 5);
  }
}

TEST_CASE("row order: a resumed run takes the rows that the uninterrupted one takes") {
  RowOrder whole(53, 4);
  std::vector<std::vector<size_t>> steps;
  for (uint64_t step = 0; step < 40; ++step) steps.push_back(whole.rows_for_step(step, 16));
  base::Random random(0, "row_order_test");
  for (int i = 0; i < 40; ++i) {
    const uint64_t step = random.below(40);
    RowOrder resumed(53, 4);
    CHECK(resumed.rows_for_step(step, 16) == steps[step]);
    CHECK(whole.rows_for_step(step, 16) == steps[step]);
  }
  CHECK(RowOrder(53, 5).rows_for_step(0, 16) != steps[0]);
}

TEST_CASE("row order: a step larger than the data set goes around; without shuffling the order is the file's") {
  RowOrder plain(3, 0, false);
  CHECK(plain.rows_for_step(0, 7) == std::vector<size_t>{0, 1, 2, 0, 1, 2, 0});
  CHECK(plain.rows_for_step(1, 2) == std::vector<size_t>{2, 0});
  CHECK(plain.epoch_of(7) == 2);
  CHECK(RowOrder(3, 0).rows_for_step(0, 9).size() == 9);
}

TEST_CASE("row order: all orders of three rows are equally likely") {
  std::map<std::vector<size_t>, int> counts;
  for (uint64_t seed = 0; seed < 3000; ++seed) ++counts[RowOrder(3, seed).rows_for_step(0, 3)];
  CHECK(counts.size() == 6);
  for (const auto& [rows, count] : counts) {  // 500 expected, standard deviation 20
    CHECK(count > 420);
    CHECK(count < 580);
  }
}

}  // namespace
}  // namespace lockstep::rewards
