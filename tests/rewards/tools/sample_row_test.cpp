// SPDX-License-Identifier: Apache-2.0
// Rows of samples: completions with columns, pairs of prediction and gold, messages; what is wrong names its place.
#include "rewards/tools/sample_row.h"

#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::tools {
namespace {

SampleRow read(const char* text) { return read_sample_row(base::parse_json(text, "test"), "f:1"); }

}  // namespace

TEST_CASE("sample row: a completion with its columns; the prompt may be missing, both may be messages") {
  const SampleRow row = read(R"({"prompt": "p", "completion": "two words", "answer": "5", "is_terminated": false})");
  CHECK(row.prompt == "p");
  CHECK(row.completion == "two words");
  CHECK(row.num_tokens == 2);
  CHECK_FALSE(row.is_terminated);
  CHECK(row.columns["answer"] == "5");
  CHECK(read(R"({"completion": "x"})").prompt.empty());
  const SampleRow chat = read(R"({"prompt": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
                                  "completion": [{"role": "assistant", "content": "c"}]})");
  CHECK(chat.prompt == "a\nb");
  CHECK(chat.completion == "c");
}

TEST_CASE("sample row: tokens, if the row has them") {
  const SampleRow row = read(R"({"completion": "x", "completion_ids": [1, 2, 3]})");
  CHECK(row.ids == std::vector<int32_t>{1, 2, 3});
  CHECK(row.num_tokens == 3);
  CHECK(read(R"({"completion": "x", "completion_ids": [1], "num_tokens": 9})").num_tokens == 9);
  CHECK(row.sample().ids.size() == 3);
  CHECK(read(R"({"completion": "x", "completion_ids": []})").num_tokens == 0);
}

TEST_CASE("sample row: a prediction goes into a box unless it is a whole completion, and gold is the answer") {
  const SampleRow answer = read(R"({"pred": "\\frac12", "gold": "0.5"})");
  CHECK(answer.completion == "\\boxed{\\frac12}");
  CHECK(answer.columns["answer"] == "0.5");
  CHECK(read(R"({"pred": "it is 5", "gold": "5", "form": "completion"})").completion == "it is 5");
}

TEST_CASE("sample row: what is no row is an Error with its place") {
  for (const auto& [text, what] : std::vector<std::pair<const char*, const char*>>{
           {"[1]", "the row is no object"},
           {R"({"prompt": "x"})", "the row has no text \"completion\""},
           {R"({"prompt": 1, "completion": "x"})", "the row has no text \"prompt\""},
           {R"({"prompt": [{"role": "user"}], "completion": "x"})", "the row has no text \"content\""},
           {R"({"prompt": ["x"], "completion": "x"})", "the row has no text \"prompt\""},
           {R"({"pred": "x"})", "the row has no text \"gold\""},
           {R"({"pred": 1, "gold": "x"})", "the row has no text \"pred\""},
           {R"({"completion": "x", "completion_ids": [1.5]})", "completion_ids is no list of token ids"},
           {R"({"completion": "x", "completion_ids": [4294967296]})", "completion_ids is no list of token ids"}}) {
    CAPTURE(text);
    expect_error([&, json = text] { read(json); }, what, "f:1", "");
  }
}

}  // namespace lockstep::rewards::tools
