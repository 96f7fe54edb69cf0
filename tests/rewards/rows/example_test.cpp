// SPDX-License-Identifier: Apache-2.0
// Shapes of rows: what each is read as, that no information is lost on the way through another shape, and each refusal.
#include "rewards/rows/example.h"

#include "base/rng.h"
#include "base/text.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::rows {
namespace {

using base::Json;
using base::Random;

Example read(const std::string& text) { return read_example(base::parse_json(text, "row"), "data.jsonl:7"); }

bool is_equal(const std::vector<Turn>& a, const std::vector<Turn>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Turn& x, const Turn& y) {
    return x.role == y.role && x.content == y.content && x.extra == y.extra;
  });
}

std::string random_text(Random& random) {
  std::string text;
  for (uint64_t i = 1 + random.below(4); i > 0; --i) text += random.pick(std::vector<std::string>{"a", "\n", "<think>", "\xC3\xA9", " ", "7"});
  return "x" + text;
}

Example random_example(Random& random) {
  Example example{.shape = Shape::trl};
  if (random.chance(0.3)) example.prompt.push_back({"system", random_text(random)});
  for (uint64_t i = random.below(3); i > 0; --i) {
    example.prompt.push_back({"user", random_text(random)});
    example.prompt.push_back({"assistant", random_text(random)});
  }
  example.prompt.push_back({"user", random_text(random)});
  example.has_text_prompt = example.prompt.size() == 1 && random.chance(0.5);
  if (random.chance(0.8)) example.completion = random_text(random);
  example.gold = random.chance(0.5) ? Json(random_text(random)) : Json(random.between(-9, 9));
  if (random.chance(0.5)) example.columns["kind"] = random_text(random);
  if (random.chance(0.5)) example.columns["difficulty"] = Json::array({1, 2.5, nullptr});
  return example;
}

}  // namespace

TEST_CASE("example: a row that goes through any shapes keeps its turns, completion, gold answer and columns") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed, "shapes");
    const Example first = random_example(random);
    Example now = first;
    for (int step = 0; step < 4; ++step) {
      const Shape shape = random.pick(std::vector<Shape>{Shape::trl, Shape::messages, Shape::sharegpt, Shape::alpaca, Shape::verl});
      const Json row = write_example(now, shape, "row");
      CAPTURE(row.dump());
      CHECK(detect_shape(row) == shape);
      now = read_example(base::parse_json(row.dump(), "row"), "row");
      CHECK(is_equal(now.prompt, first.prompt));
      CHECK(now.completion == first.completion);
      CHECK(now.gold == first.gold);
      for (const auto& [key, value] : first.columns.items()) CHECK(now.columns[key] == value);
    }
  }
}

TEST_CASE("example: each shape is recognised by its columns") {
  const std::vector<std::pair<std::string, Shape>> rows = {
      {R"({"text": "a document"})", Shape::text},
      {R"({"prompt": "p", "solution": "5"})", Shape::trl},
      {R"({"prompt": [{"role": "user", "content": "p"}], "completion": [{"role": "assistant", "content": "c"}]})", Shape::trl},
      {R"({"messages": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "c"}], "text": "rendered"})", Shape::messages},
      {R"({"instruction": "i", "input": "", "output": "o"})", Shape::alpaca},
      {R"({"conversations": [{"from": "human", "value": "p"}, {"from": "gpt", "value": "c"}]})", Shape::sharegpt},
      {R"({"data_source": "gsm8k", "prompt": [{"role": "user", "content": "p"}], "reward_model": {"style": "rule", "ground_truth": "5"}})", Shape::verl},
      {R"({"question": "q", "answer": "#### 5"})", Shape::question},
      {R"({"problem": "q", "solution": "long", "answer": "5"})", Shape::question}};
  for (const auto& row : rows) {
    const Shape shape = row.second;
    CAPTURE(row.first);
    CHECK(read(row.first).shape == shape);
    CHECK(shape_from_name(shape_name(shape)) == shape);
  }
  CHECK(read(rows[8].first).gold == "5");
  CHECK(read(rows[8].first).columns["solution"] == "long");
  CHECK(read(rows[6].first).columns["reward_model.style"] == "rule");
  CHECK(read(rows[2].first).completion == "c");
  CHECK(shape_names().size() == 7);
}

TEST_CASE("example: the spellings of other tools mean the same") {
  const Example alpaca = read(R"({"instruction": "add", "input": "1 2", "output": "3", "system": "s", "history": [["a", "b"]]})");
  CHECK(prompt_text(alpaca) == "s\na\nb\nadd\n1 2");
  const Example sharegpt = read(R"({"conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "q"},
                                    {"from": "observation", "value": "t"}, {"from": "gpt", "value": "a"}]})");
  CHECK(sharegpt.prompt[0].role == "system");
  CHECK(sharegpt.prompt[2].role == "tool");
  CHECK(sharegpt.completion == "a");
  const Example parts = read(R"({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "name": null}]})");
  CHECK(parts.prompt[0].content == "ab");
  CHECK(parts.prompt[0].extra.empty());
  CHECK(!parts.completion);
  const Example several = read(R"({"prompt": "p", "completion": [{"role": "assistant", "content": "call", "tool_calls": [1]},
                                   {"role": "tool", "content": "t"}, {"role": "assistant", "content": "a"}]})");
  CHECK(several.prompt.size() == 3);
  CHECK(several.prompt[1].extra["tool_calls"] == Json::array({1}));
  CHECK(several.completion == "a");
}

TEST_CASE("example: what no shape has, or a shape cannot hold, is refused with its place") {
  const auto refuse = [](const std::string& text, std::string_view what, std::string_view fix) {
    expect_error([&] { read(text); }, what, "data.jsonl:7", fix);
  };
  refuse("[1]", "the row is array, not an object", "one object a line");
  refuse(R"({"foo": 1})", "the row has no known shape", "\"prompt\", \"messages\"");
  refuse(R"({"prompt": 5})", "\"prompt\" is number, not text", "give it as text");
  refuse(R"({"messages": []})", "\"messages\" is empty", "a list of");
  refuse(R"({"messages": "hi"})", "\"messages\" is string", "a list of");
  refuse(R"({"messages": ["hi"]})", "a message is string, not an object", "a list of");
  refuse(R"({"messages": [{"role": "user"}]})", "a message has no role or no content", "a list of");
  refuse(R"({"messages": [{"role": "root", "content": "x"}]})", "unknown role \"root\"", "system, user, assistant, tool");
  refuse(R"({"messages": [{"role": "user", "content": [{"type": "image"}]}]})", "neither text nor a list of text parts", "a list of");
  refuse(R"({"messages": [{"role": "user", "content": 5}]})", "neither text nor a list of text parts", "a list of");
  refuse(R"({"prompt": "p", "completion": [{"role": "user", "content": "c"}]})", "does not end with the assistant", "a list of");
  refuse(R"({"instruction": "i", "history": [["a"]]})", "\"history\" is no list", "pairs of texts");
  refuse(R"({"prompt": "p", "reward_model": 5})", "reward_model is number", "ground_truth");
  refuse(R"({"prompt": "p", "reward_model": {"style": "rule"}})", "reward_model has no ground_truth", "ground_truth");
  const auto cannot = [](const std::string& text, Shape shape, std::string_view what, std::string_view fix) {
    expect_error([&] { write_example(read(text), shape, "data.jsonl:7"); }, what, "data.jsonl:7", fix);
  };
  cannot(R"({"text": "t"})", Shape::trl, "a document without a prompt", "as they are");
  cannot(R"({"prompt": "p"})", Shape::verl, "no gold answer", "add \"answer\"");
  cannot(R"({"prompt": "p"})", Shape::text, "not written as text", "trl, verl, alpaca");
  cannot(R"({"prompt": "p", "messages": 1})", Shape::messages, "two columns would be named \"messages\"", "rename");
  cannot(R"({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]})", Shape::alpaca,
         "alpaca has no place for", "messages, sharegpt, trl");
  cannot(R"({"messages": [{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]})", Shape::alpaca,
         "alpaca has no place for", "messages, sharegpt, trl");
  cannot(R"({"messages": [{"role": "user", "content": "a", "name": "b"}]})", Shape::alpaca, "other keys of a message", "messages, sharegpt, trl");
}

}  // namespace lockstep::rewards::rows
