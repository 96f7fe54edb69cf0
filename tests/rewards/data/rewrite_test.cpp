// SPDX-License-Identifier: Apache-2.0
// Rewriting: a row scores afterwards as it did before, says why it went, and a model's text is trusted with nothing.
#include "rewards/data/rewrite.h"

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "rewards/language.h"
#include "rewards/registry.h"
#include "rewards/rows/row_file.h"
#include "tests/base/temp_folder.h"
#include "tests/rewards/expect_error.h"
#include "tests/rewards/plugins/chat_server.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;
using base::TempFolder;

RewriteConfig config_of(const Json& json) {
  RewriteConfig config;
  base::load(json.is_null() ? Json::object() : json, config);
  return config;
}

struct Result {
  RewriteReport report;
  std::vector<Json> rows;
};

// Rewrites rows of a fresh folder.
Result rewritten(const std::vector<Json>& rows, const Json& config, const TextModel& model = {}) {
  const TempFolder folder;
  const std::string in = folder / "in.jsonl", out = folder / "out.jsonl";
  std::string lines;
  for (const Json& row : rows) lines += row.dump() + "\n";
  base::write_file_atomic(in, lines);
  Result result{.report = rewrite({in}, out, config_of(config), model), .rows = {}};
  rows::for_each_row(out, [&](rows::FileRow& row) { result.rows.push_back(std::move(row.json)); });
  return result;
}

Json row_of(const std::string& completion) { return {{"prompt", "What is 3+4?"}, {"completion", completion}, {"answer", "7"}}; }

std::string one(const std::string& completion, const Json& config = Json::object()) {
  const Result result = rewritten({row_of(completion)}, config);
  if (result.rows.size() == 1) return result.rows[0]["completion"].get<std::string>();
  for (const auto& reason : result.report.drops.reasons()) {
    if (reason.num_dropped > 0) return "dropped: " + reason.name;
  }
  return "lost";
}

double accuracy(const Json& row) {
  const std::string completion = row["completion"].get<std::string>(), prompt = row["prompt"].get<std::string>();
  return make_reward({}, 0, "")->score({.prompt = prompt, .completion = completion, .columns = &row}).value;
}

const Json kTiny = {{"output", " <think>{reasoning}</think><answer>{answer}</answer>"}};

}  // namespace

TEST_CASE("rewrite: under accuracy a row is worth afterwards what it was before, whatever was sampled") {
  base::Random random(1, "rewrite-test");
  const std::vector<std::string> pieces = {"<think>", "</think>", "<answer>", "</answer>", "7", "8", "\\boxed{7}", "\\boxed{8}", " so ", "\n", "{reasoning}", "\\1"};
  std::vector<Json> rows;
  for (int i = 0; i < 3000; ++i) {
    std::string completion = random.chance(0.7) ? "<think>" : "";
    for (int64_t n = random.between(0, 10); n > 0; --n) completion += random.pick(pieces);
    rows.push_back(row_of(completion));
    rows.back()["number"] = i;
  }
  for (const Json& config : {Json::object(), kTiny, Json{{"replacements", {{{"pattern", "so|7"}, {"replacement", "<\\0>"}}}}}}) {
    const Result result = rewritten(rows, config);
    CHECK(result.rows.size() > 30);
    size_t num_dropped = 0;
    for (const auto& reason : result.report.drops.reasons()) num_dropped += reason.num_dropped;
    CHECK(result.report.rows_in == rows.size());
    CHECK(result.report.rows_out + num_dropped == rows.size());
    int64_t last = -1;
    for (const Json& row : result.rows) {
      const int64_t number = row["number"].get<int64_t>();
      CHECK(number > last);
      last = number;
      CHECK(accuracy(row) == accuracy(rows[static_cast<size_t>(number)]));
      CHECK(row["answer"] == "7");
    }
  }
}

TEST_CASE("rewrite: rules trim, replace, and fill the template in one pass") {
  CHECK(one("<think> a\nb </think>\n\n\\boxed{7}\n") == "<think>a\nb</think>\\boxed{7}");
  CHECK(one(" <think>maybe 9 wait 3+4=7</think><answer> 7 </answer>", kTiny) == " <think>maybe 9 wait 3+4=7</think><answer>7</answer>");
  const Json words = {{"replacements", {{{"pattern", "maybe \\d+ wait "}, {"replacement", ""}}, {{"pattern", "(\\d)\\+(\\d)"}, {"replacement", "\\2 + \\1"}}}}};
  CHECK(one("<think>maybe 9 wait 3+4=7</think>\\boxed{7}", words) == "<think>4 + 3=7</think>\\boxed{7}");
  CHECK(one("<think>{answer} \\1</think>\\boxed{7}", {{"output", "<t>{reasoning}|{prompt}|{summary}"}, {"keep_answer", false}}) ==
        "<t>{answer} \\1|What is 3+4?|\\boxed{7}");
  CHECK(one("3+4=7</think>\\boxed{7}") == "<think>3+4=7</think>\\boxed{7}");
  const Json open = {{"prompt", "3+4?\n<think>"}, {"completion", " 3+4=7</think>\\boxed{7}"}};
  CHECK(rewritten({open}, {}).rows[0]["completion"] == "3+4=7</think>\\boxed{7}");
}

TEST_CASE("rewrite: what cannot be rewritten is dropped for a reason, with the first place in the report") {
  CHECK(one("3+4=7. So 7") == "dropped: no thought");
  CHECK(one("<think>3+4=7") == "dropped: no thought");
  CHECK(one("<think>a</think>b<think>c</think>\\boxed{7}") == "dropped: no thought");
  CHECK(one("<think> </think>\\boxed{7}") == "dropped: no reasoning left");
  CHECK(one("<think>hm</think>\\boxed{7}", {{"replacements", {{{"pattern", "h."}, {"replacement", " "}}}}}) == "dropped: no reasoning left");
  CHECK(one("<think>hm</think> \n") == "dropped: no summary");
  CHECK(one("<think>hm</think>it is seven") == "<think>hm</think>it is seven");
  CHECK(one("<think>hm</think>it is seven", kTiny) == "dropped: no answer");
  CHECK(one("<think>hm</think>\\boxed{7}", {{"output", "{reasoning}"}}) == "dropped: answer changed");
  CHECK(one("<think>hm</think>\\boxed{7}", {{"output", "{reasoning}"}, {"keep_answer", false}}) == "hm");
  CHECK(one("<think>so</think>\\boxed{7}", {{"replacements", {{{"pattern", "so"}, {"replacement", "</think>"}}}}}) == "dropped: think tags in the text");
  const Result result = rewritten({row_of("a"), row_of("<think>a</think>\\boxed{7}"), row_of("b")}, {});
  CHECK(result.report.drops.num_dropped("no thought") == 2);
  CHECK(contains(result.report.text(), "3 rows in, 1 out\n  no thought: dropped 2; the first is "));
  CHECK(contains(result.report.text(), "in.jsonl:1\n"));
  CHECK(result.report.json()["dropped"][0]["dropped"] == 2);
}

TEST_CASE("rewrite: shapes and other columns stay, but for what described the old text") {
  Json row = row_of("<think> a </think>\\boxed{7}");
  row["task"] = "sum";
  row["reward"] = 1.5;
  row["ids"] = {1, 2};
  row["logprobs"] = {-0.5};
  CHECK(rewritten({row}, {}).rows[0] ==
        Json{{"prompt", "What is 3+4?"}, {"completion", "<think>a</think>\\boxed{7}"}, {"answer", "7"}, {"task", "sum"}, {"reward", 1.5}});
  CHECK(rewritten({row}, {{"drop_columns", {"reward"}}}).rows[0].contains("ids"));
  const Json turns = Json::array({{{"role", "user"}, {"content", "3+4?"}}, {{"role", "assistant"}, {"content", "<think>a</think> 7"}}});
  const Json messages = {{"messages", turns}, {"source", "x"}};
  const Json out = rewritten({messages}, {}).rows[0];
  CHECK(out["messages"][1]["content"] == "<think>a</think>7");
  CHECK(out["source"] == "x");
  const Json question = {{"question", "3+4?"}, {"completion", "<think>a</think> 7"}, {"solution", "7"}};
  CHECK(rewritten({question}, {}).rows[0] == Json{{"prompt", "3+4?"}, {"completion", "<think>a</think>7"}, {"solution", "7"}});
}

TEST_CASE("rewrite: a model's text stands where it is asked for, in the rows' order, in batches") {
  std::vector<Json> rows;
  for (int i = 0; i < 600; ++i) rows.push_back(row_of(cat("<think>", i, "</think>\\boxed{", i, "}")));
  std::vector<size_t> batches;
  const TextModel echo = [&](std::span<const std::string> prompts) {
    batches.push_back(prompts.size());
    std::vector<std::string> texts;
    for (const std::string& prompt : prompts) texts.push_back(cat("I say \\boxed{", prompt, "}"));
    return texts;
  };
  const Result result = rewritten(rows, {{"method", "model"}, {"request", "{answer}"}}, echo);
  REQUIRE(result.rows.size() == 600);
  for (int i = 0; i < 600; ++i) CHECK(result.rows[static_cast<size_t>(i)]["completion"] == cat("<think>", i, "</think>I say \\boxed{", i, "}"));
  CHECK(batches == std::vector<size_t>{256, 256, 88});
  CHECK(result.report.num_asked == 600);
  const auto model = [](const char* text) { return [text](std::span<const std::string> prompts) { return std::vector<std::string>(prompts.size(), text); }; };
  const Json row = row_of("<think>old</think>\\boxed{7}");
  const auto written = [&](const char* rewrites, const char* text) {
    const Result one_row = rewritten({row}, {{"method", "model"}, {"rewrites", rewrites}}, model(text));
    return one_row.rows.empty() ? one_row.report.text() : one_row.rows[0]["completion"].get<std::string>();
  };
  CHECK(written("reasoning", " new ") == "<think>new</think>\\boxed{7}");
  CHECK(written("both", "<think>new</think> so \\boxed{7.0}") == "<think>new</think>so \\boxed{7.0}");
  CHECK(contains(written("both", "new"), "no thought: dropped 1"));
  CHECK(contains(written("summary", "it is \\boxed{8}"), "answer changed: dropped 1"));
  CHECK(contains(written("summary", "it is eight"), "answer changed: dropped 1"));
  CHECK(contains(written("reasoning", "a</think>\\boxed{8}<think>"), "think tags in the text: dropped 1"));
  CHECK(contains(written("summary", " \n"), "no text from the model: dropped 1; the first is "));
  expect_error([&] { rewritten({row}, {{"method", "model"}, {"on_failure", "fail"}}, model("")); }, "no text for this row: the model gave no text",
               "in.jsonl:1", "on_failure = \"drop\"");
  expect_error([&] { rewritten({row}, {{"method", "model"}}, [](auto) { return std::vector<std::string>(3); }); }, "3 texts for 1 prompts", "", "");
}

TEST_CASE("rewrite: an endpoint gets the request, and a failed row is counted, or fails the run") {
  plugins::ScriptedServer server({plugins::chat_answer(" 3+4 is \\boxed{7}. "), plugins::chat_answer("cut", "length"),
                                  "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", plugins::chat_answer("\\boxed{7}")});
  const Json endpoint = {{"url", plugins::chat_url(server)}, {"num_connections", 1}, {"system", "Be brief."}};
  const Json config = {{"method", "endpoint"}, {"request", "{prompt}|{reasoning}|{summary}|{answer}"}, {"endpoint", endpoint}};
  std::vector<Json> rows(4, row_of("<think>hm</think>\\boxed{7}"));
  const Result result = rewritten(rows, config);
  CHECK(result.report.rows_out == 2);
  CHECK(result.rows[0]["completion"] == "<think>hm</think>3+4 is \\boxed{7}.");
  CHECK(result.report.drops.num_dropped("no text from the model") == 2);
  CHECK(contains(result.report.text(), "in.jsonl:2, the answer was cut off"));
  CHECK(plugins::question_of(server.requests()[0]) == "What is 3+4?|hm|\\boxed{7}|7");
  CHECK(plugins::body_of_request(server.requests()[0])["messages"][0]["content"] == "Be brief.");
  Json strict = config;
  strict["on_failure"] = "fail";
  strict["endpoint"] = {{"url", "http://127.0.0.1:1/"}, {"num_tries", 1}};
  expect_error([&] { rewritten(rows, strict); }, "no text for this row: 1 tries failed: cannot connect", "in.jsonl:1", "look at the model's server");
}

TEST_CASE("rewrite: configs and files that make no sense are refused, and nothing is written") {
  const auto with = [](const Json& config) { return [config] { rewritten({row_of("<think>a</think>7")}, config); }; };
  expect_error(with({{"output", "<think></think>"}}), "every row would get the same completion", "/output", "{reasoning}");
  expect_error(with({{"output", "{reasonings}"}}), "the template has no place {reasonings}", "/output", "did you mean {reasoning}?");
  expect_error(with({{"replacements", {{{"pattern", "("}}}}}), "the pattern is not usable", "/replacements/0/pattern", "RE2");
  expect_error(with({{"replacements", {{{"pattern", "a"}, {"replacement", "\\1"}}}}}), "the replacement is not usable", "/replacements/0/replacement", "groups");
  expect_error(with({{"method", "model"}}), "the method \"model\" without a model", "/method", "endpoint");
  expect_error(with({{"method", "endpoint"}}), "not an http:// address", "/endpoint/url", "http://ADDRESS");
  expect_error([] { rewritten({Json{{"prompt", "a"}}}, {}); }, "the row has no completion to rewrite", "in.jsonl:1", "SFT rows");
  expect_error([] { rewritten({}, {}); }, "there are no rows", "in.jsonl", "files with rows");
  CHECK(base::visited<RewriteConfig>() == base::arity<RewriteConfig>());
  CHECK(base::visited<Replacement>() == base::arity<Replacement>());
}

}  // namespace lockstep::rewards::data
