// SPDX-License-Identifier: Apache-2.0
// Scoring files: a JSON object per row and nothing else, a table that lets no control byte through, groups by prompt.
#include "rewards/tools/score_file.h"

#include <sstream>

#include "base/text.h"
#include "tests/rewards/expect_error.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rewards::tools {
namespace {

using base::Json;

const char* const kRows =
    R"({"prompt": "What is 2+3?", "completion": "so \\boxed{5}", "answer": "5"}
{"prompt": "What is 2+4?", "completion": "so \\boxed{5}", "answer": "6"}

{"completion": "\u001b[31m\\boxed{2}", "answer": "2"}
{"prompt": "What is 2+5?", "completion": "\\boxed{7}"}
{"pred": "0.5", "gold": "1/2"}
)";

struct Output {
  std::string out, summary;
  std::vector<Json> rows() const {
    std::vector<Json> list;
    for (const std::string& line : base::split(out, '\n')) {
      if (!line.empty()) list.push_back(base::parse_json(line, "output"));
    }
    return list;
  }
};

Output run(const std::vector<RewardConfig>& configs, const std::string& rows, bool as_json) {
  const test::TempFolder folder;
  std::ostringstream out, summary;
  score_file(Combined(configs, 0), folder.write("rows.jsonl", rows), as_json, out, summary);
  return {out.str(), summary.str()};
}

}  // namespace

TEST_CASE("score file: --json gives one object a row with value, status, extracted and metrics") {
  const Output output = run({{.type = "accuracy"}}, kRows, true);
  const std::vector<Json> rows = output.rows();
  REQUIRE(rows.size() == 5);
  CHECK(rows[0]["value"] == 1.0);
  CHECK(rows[0]["status"] == "ok");
  CHECK(rows[0]["extracted"] == "5");
  CHECK(rows[0]["metrics"]["has_answer"] == 1.0);
  CHECK(rows[1]["value"] == 0.0);
  CHECK(rows[1]["row"] == 2);
  CHECK(rows[2]["row"] == 4);
  CHECK(rows[2]["value"] == 1.0);
  CHECK(rows[3]["status"] == "skip");
  CHECK(rows[3]["value"].is_null());
  CHECK(rows[4]["value"] == 1.0);
  CHECK(contains(output.summary, "accuracy  weight 1  mean 0.7500"));
  CHECK(contains(output.summary, "ok 4  skip 1  error 0  timeout 0"));
}

TEST_CASE("score file: of several rewards the weighted sum, with the metrics under their names") {
  const std::vector<Json> rows = run({{.type = "accuracy", .weight = 2}, {.type = "format"}}, kRows, true).rows();
  CHECK(rows[0]["value"] == 2.0);
  CHECK(rows[0]["metrics"]["accuracy/has_answer"] == 1.0);
  CHECK(rows[0]["rewards"]["format"]["value"] == 0.0);
  CHECK(rows[0]["rewards"]["format"]["detail"] == "<think> is missing");
}

TEST_CASE("score file: the table names each row and lets no control byte through") {
  const Output output = run({{.type = "accuracy"}}, kRows, false);
  CHECK(contains(output.out, "row 1  reward 1.000  accuracy 1.000 (answer: 5)"));
  CHECK(contains(output.out, "row 2  reward 0.000"));
  CHECK(contains(output.out, "row 5  reward skip"));
  CHECK(contains(output.out, "mean 0.7500"));
  CHECK(output.summary.empty());
  CHECK_FALSE(contains(output.out, "\x1b"));
}

TEST_CASE("score file: rows of one prompt that follow each other are compared") {
  const char* rows = R"({"prompt": "a", "completion": "\\boxed{5}", "answer": "5", "num_tokens": 10}
{"prompt": "a", "completion": "\\boxed{5}", "answer": "5", "num_tokens": 20}
{"prompt": "b", "completion": "\\boxed{5}", "answer": "5", "num_tokens": 30}
)";
  const std::vector<Json> got = run({{.type = "length", .options = {{"rule", "kimi"}}}}, rows, true).rows();
  CHECK(got[0]["value"] == 0.5);
  CHECK(got[1]["value"] == -0.5);
  CHECK(got[2]["value"] == 0.0);
}

TEST_CASE("score file: a bad row and an empty file are Errors") {
  expect_error([] { run({{.type = "accuracy"}}, "\n{\"prompt\": 1}\n", true); }, "the row has no text", "rows.jsonl:2", "write rows like");
  expect_error([] { run({{.type = "accuracy"}}, "{", true); }, "", "rows.jsonl:1", "");
  expect_error([] { run({{.type = "accuracy"}}, "\n\n", true); }, "the file has no rows", "rows.jsonl", "write one JSON object");
}

}  // namespace lockstep::rewards::tools
