// SPDX-License-Identifier: Apache-2.0
// Rejection rules: each drops what it says and nothing else, and the report adds up.
#include "rewards/data/filter.h"

#include <numeric>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "rewards/data/filter_rules.h"
#include "tests/base/temp_folder.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;
using base::TempFolder;

FilterConfig config_of(const std::string& json) {
  FilterConfig config;
  base::load(base::parse_json(json, "config"), config);
  return config;
}

// Names of the rules that drop the row.
std::string dropped(const std::string& config, const Json& row) {
  const RowRules rules(config_of(config), "rules");
  const uint32_t bits = rules.dropped_by(read_candidate(row, "row"));
  std::vector<std::string> names;
  for (size_t i = 0; i < rules.size(); ++i) {
    if ((bits >> i) & 1) names.push_back(rules.name(i));
  }
  return base::join(names, ",");
}

Json row_of(const std::string& completion) { return {{"prompt", "How many?"}, {"completion", completion}, {"answer", "7"}}; }

std::string words(size_t count, const std::string& end = " ") {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += cat("word", i, end);
  return text;
}

constexpr const char* kEnglish =
    "First we have to find the sum of the numbers, and then we can see that it is what they were asking for in the question.";

}  // namespace

TEST_CASE("filter: correct by the recorded reward, or by any reward of the registry") {
  Json row = row_of("so \\boxed{7}");
  CHECK(dropped(R"({"min_reward": 0.5})", row) == "reward");
  row["reward"] = 0.5;
  CHECK(dropped(R"({"min_reward": 0.5})", row).empty());
  CHECK(dropped(R"({"min_reward": 0.6})", row) == "reward");
  CHECK(dropped(R"({"min_reward": 0.6, "reward_column": "score"})", row) == "reward");
  CHECK(dropped(R"({"rewards": [{"type": "accuracy"}]})", row).empty());
  CHECK(dropped(R"({"rewards": [{"type": "accuracy"}]})", row_of("so \\boxed{8}")) == "score");
  row.erase("answer");
  CHECK(dropped(R"({"rewards": [{"type": "accuracy"}]})", row) == "score");  // nothing to compare with
  const Json verl = {{"data_source", "x"}, {"prompt", "p"}, {"reward_model", {{"ground_truth", "7"}}}, {"completion", "\\boxed{7}"}};
  CHECK(dropped(R"({"rewards": [{"type": "accuracy"}]})", verl).empty());
}

TEST_CASE("filter: cut off, length and form") {
  Json row = row_of("<think>because</think><answer>7</answer>");
  CHECK(dropped(R"({"require_end": true, "format": "r1", "max_words": 100})", row).empty());
  row["finish_reason"] = "length";
  CHECK(dropped(R"({"require_end": true})", row) == "cut off");
  row["finish_reason"] = "stop";
  CHECK(dropped(R"({"require_end": true})", row).empty());
  CHECK(dropped(R"({"format": "r1"})", row_of("7")) == "format");
  CHECK(dropped(R"({"min_words": 3})", row_of("one two")) == "too short");
  CHECK(dropped(R"({"min_words": 2})", row_of("one two")).empty());
  CHECK(dropped(R"({"max_words": 1})", row_of("one two")) == "too long");
  CHECK(dropped(R"({"max_characters": 2})", row_of("\xC3\xA9\xC3\xA9")).empty());
  CHECK(dropped(R"({"max_characters": 1})", row_of("\xC3\xA9\xC3\xA9")) == "too long");
}

TEST_CASE("filter: code and long paragraphs count in the chain, not in the answer") {
  const std::string code = "```python\nprint(7)\n```";
  CHECK(dropped(R"({"refuse_code": true})", row_of("<think>" + code + "</think> 7")) == "code block");
  CHECK(dropped(R"({"refuse_code": true})", row_of("<think>easy</think> " + code)).empty());
  CHECK(dropped(R"({"max_paragraph_words": 50})", row_of("<think>" + words(51) + "</think> 7")) == "long paragraph");
  CHECK(dropped(R"({"max_paragraph_words": 50})", row_of("<think>" + words(50) + "</think> " + words(99))).empty());
  CHECK(dropped(R"({"max_paragraph_words": 50})", row_of(words(30) + "\n \n" + words(30))).empty());
  CHECK(dropped(R"({"max_paragraph_words": 50})", row_of(words(60, "\n"))) == "long paragraph");
  CHECK(dropped(R"({"max_paragraph_words": 50})", row_of(words(60, "\n\n"))).empty());
}

TEST_CASE("filter: repetition and mixed languages") {
  std::string loop;
  for (int i = 0; i < 30; ++i) loop += "wait, let me check this again now ";
  CHECK(dropped(R"({"max_repeated_share": 0.2})", row_of(loop)) == "repetition");
  CHECK(dropped(R"({"max_repeated_share": 0.2})", row_of(words(100))).empty());
  const std::string chinese = "\xE6\x88\x91\xE4\xBB\xAC\xE5\x85\x88\xE6\x9D\xA5\xE7\x9C\x8B\xE9\xA2\x98\xE7\x9B\xAE\xE6\x98\xAF\xE4\xBB\x80\xE4\xB9\x88";
  const std::string mixed = cat(kEnglish, " ", chinese, chinese, chinese);
  CHECK(dropped(R"({"language": "en"})", row_of(kEnglish)).empty());
  CHECK(dropped(R"({"language": "en"})", row_of(mixed)) == "language");
  CHECK(dropped(R"({"language": "zh"})", row_of(kEnglish)) == "language");
  CHECK(dropped(R"({"language": "zh", "min_language_words": 100})", row_of(kEnglish)).empty());
  Json row = {{"prompt", "What is the sum of the numbers that we have?"}, {"completion", mixed}};
  CHECK(dropped(R"({"language": "prompt"})", row) == "language");
  row["completion"] = kEnglish;
  CHECK(dropped(R"({"language": "prompt"})", row).empty());
  row["prompt"] = chinese;
  CHECK(dropped(R"({"language": "prompt"})", row) == "language");
  row["prompt"] = "3 + 4 = ?";  // cannot be told
  CHECK(dropped(R"({"language": "prompt"})", row).empty());
}

TEST_CASE("filter: rows in = rows out + dropped, each dropped row counts at its first rule, and at any number of threads") {
  const TempFolder folder;
  base::Random random(3, "filter");
  std::string file;
  for (int i = 0; i < 1000; ++i) {
    Json row = row_of(words(random.below(30)) + (random.chance(0.5) ? "\\boxed{7}" : "\\boxed{8}"));
    row["prompt"] = cat("prompt ", random.below(50));
    row["reward"] = random.chance(0.5) ? 1 : 0;
    row["kind"] = random.chance(0.8) ? "a" : "b";
    file += row.dump() + "\n";
  }
  base::write_file_atomic(folder / "a.jsonl", file);
  const FilterConfig config = config_of(R"({"min_reward": 1, "min_words": 5, "rewards": [{"type": "accuracy"}], "max_per_prompt": 2,
                                            "choice": "random", "balance_by": "kind"})");
  const FilterReport report = filter({folder / "a.jsonl"}, folder / "o.jsonl", config, 1);
  size_t dropped = 0;
  std::vector<std::string> names;
  for (const auto& rule : report.rules) {
    dropped += rule.num_dropped;
    names.push_back(rule.name);
    CHECK(rule.num_dropped <= rule.num_alone);
    CHECK(rule.num_dropped > 0);
    CHECK(contains(rule.example, "a.jsonl:"));
  }
  CHECK(names == std::vector<std::string>{"reward", "too short", "score", "per prompt", "balance"});
  CHECK(report.rules[0].num_dropped == report.rules[0].num_alone);
  CHECK(report.rows_in == 1000);
  CHECK(report.rows_out + dropped == 1000);
  CHECK(report.num_prompts_out <= report.num_prompts_in);
  std::map<std::string, size_t> kinds, prompts;
  base::for_each_line(folder / "o.jsonl", [&](std::string_view line, size_t) {
    const Json row = base::parse_json(line, "o");
    ++kinds[row["kind"]];
    CHECK(++prompts[row["prompt"]] <= 2);
    CHECK(row["reward"] == 1);
  });
  CHECK(kinds["a"] == kinds["b"]);
  CHECK(contains(report.text(), cat("1000 rows in, ", report.rows_out, " out")));
  CHECK(report.json()["rules"].size() == 5);
  filter({folder / "a.jsonl"}, folder / "p.jsonl", config, 3);
  CHECK(base::read_file(folder / "o.jsonl") == base::read_file(folder / "p.jsonl"));
}

TEST_CASE("filter: without rules every row stays byte for byte") {
  const TempFolder folder;
  const std::string file = "{\"prompt\":  \"p\", \"completion\": \"c\"}\n{\"instruction\": \"i\", \"output\": \"o\"}\n";
  base::write_file_atomic(folder / "a.jsonl", file);
  CHECK(filter({folder / "a.jsonl"}, folder / "o.jsonl", {}, 2).rows_out == 2);
  CHECK(base::read_file(folder / "o.jsonl") == file);
}

TEST_CASE("filter: rows without a completion, a missing column, bad rules and no rows are refused") {
  const TempFolder folder;
  base::write_file_atomic(folder / "a.jsonl", "{\"prompt\": \"p\", \"completion\": \"c\"}\n{\"prompt\": \"p\"}\n");
  base::write_file_atomic(folder / "none.jsonl", "");
  const auto run = [&](const std::string& name, const std::string& config) {
    filter({folder / name}, folder / "o.jsonl", config_of(config), 2);
  };
  expect_error([&] { run("a.jsonl", "{}"); }, "the row has no completion", "a.jsonl:2", "generate --json");
  base::write_file_atomic(folder / "a.jsonl", "{\"prompt\": \"p\", \"completion\": \"c\"}\n");
  expect_error([&] { run("a.jsonl", R"({"balance_by": "kind"})"); }, "no \"kind\" to balance by", "a.jsonl:1", "balance_by");
  expect_error([&] { run("a.jsonl", R"({"rewards": [{"type": "acuracy"}]})"); }, "unknown reward type", "rules/rewards/0/type", "accuracy");
  expect_error([&] { run("none.jsonl", "{}"); }, "there are no rows", "none.jsonl", "give files with rows");
  CHECK(folder.num_entries() == 2);
  CHECK(base::visited<FilterConfig>() == base::arity<FilterConfig>());
}

}  // namespace lockstep::rewards::data
