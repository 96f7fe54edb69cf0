// SPDX-License-Identifier: Apache-2.0
// Preference pairs from scored rows: which pairs there are, by brute force; what does not matter; what is refused.
#include "rewards/data/pairs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

using base::Json;
using rewards::data::PairsOptions;
using rewards::data::PairsReport;

struct Made {
  PairsReport report;
  std::vector<Json> pairs;
};

Made make(const TempFolder& folder, const std::vector<Json>& rows, const PairsOptions& options) {
  std::string text;
  for (const auto& row : rows) text += row.dump() + "\n";
  const auto in = folder.write("in.jsonl", text), out = folder.path("out.jsonl");
  Made made{rewards::data::make_pairs({in}, out, options), {}};
  base::for_each_line(out, [&](std::string_view line, size_t) { made.pairs.push_back(base::parse_json(line, out)); });
  return made;
}

std::vector<Json> random_rows(uint64_t seed, int prompts, int most) {
  base::Random random(seed, "rows");
  std::vector<Json> rows;
  for (int p = 0; p < prompts; ++p)
    for (int64_t i = random.between(1, most); i > 0; --i)
      rows.push_back({{"prompt", cat("p", p)}, {"completion", cat("c", i)}, {"reward", static_cast<double>(random.between(0, 4)) / 2}});
  random.shuffle(rows);
  return rows;
}

std::string key(const Json& pair) { return cat(pair["prompt"].dump(), "|", pair["chosen"].dump(), "|", pair["rejected"].dump()); }

// Every pair that the scores allow, with its margin.
std::map<std::string, double> expected_pairs(const std::vector<Json>& rows, double least) {
  std::map<std::string, double> out;
  for (const auto& a : rows)
    for (const auto& b : rows) {
      const double margin = a["reward"].get<double>() - b["reward"].get<double>();
      if (a["prompt"] != b["prompt"] || margin <= 0 || margin < least || a["completion"] == b["completion"]) continue;
      out[key({{"prompt", a["prompt"]}, {"chosen", a["completion"]}, {"rejected", b["completion"]}})] = margin;
    }
  return out;
}

}  // namespace

TEST_CASE("data pairs: all pairs of a prompt whose scores differ enough, each once, with its margin") {
  const TempFolder folder;
  for (const double least : {0.0, 1.0, 1.5}) {
    const auto rows = random_rows(1, 12, 6);
    const auto made = make(folder, rows, {.choice = "all", .min_difference = least});
    auto expected = expected_pairs(rows, least);
    CHECK(made.report.num_pairs == expected.size());
    CHECK(made.report.num_candidates == expected.size());
    CHECK(made.report.rows_in == rows.size());
    REQUIRE(made.pairs.size() == expected.size());
    for (const auto& pair : made.pairs) {
      REQUIRE(expected.contains(key(pair)));
      CHECK(pair["margin"] == expected[key(pair)]);
      CHECK(pair["margin"].get<double>() >= made.report.min_margin);
      CHECK(pair["margin"].get<double>() <= made.report.max_margin);
      expected.erase(key(pair));
    }
  }
}

TEST_CASE("data pairs: best and worst are one pair a prompt, with the prompt's largest margin") {
  const TempFolder folder;
  const auto rows = random_rows(2, 30, 5);
  const auto made = make(folder, rows, {});
  std::map<std::string, double> largest;
  for (const auto& [name, margin] : expected_pairs(rows, 0)) {
    double& best = largest[name.substr(0, name.find('|'))];
    best = std::max(best, margin);
  }
  CHECK(made.report.num_prompts == 30);
  CHECK(made.report.num_prompts_without == 30 - largest.size());
  REQUIRE(made.pairs.size() == largest.size());
  for (const auto& pair : made.pairs) {
    CHECK(pair["margin"] == largest[pair["prompt"].dump()]);
    largest.erase(pair["prompt"].dump());
  }
  CHECK(largest.empty());
}

TEST_CASE("data pairs: a limit draws from the prompt's pairs by the seed, whatever other prompts there are") {
  const TempFolder folder;
  std::vector<Json> rows;
  for (int i = 0; i < 8; ++i) rows.push_back({{"prompt", "p"}, {"completion", cat("c", i)}, {"reward", i}});
  const auto keys = [&](const std::vector<Json>& all, uint64_t seed) {
    std::set<std::string> out;
    for (const auto& pair : make(folder, all, {.choice = "all", .max_per_prompt = 5, .seed = seed}).pairs)
      if (pair["prompt"] == "p") out.insert(key(pair));
    return out;
  };
  const auto drawn = keys(rows, 1);
  CHECK(drawn.size() == 5);
  std::set<std::string> all;
  for (uint64_t seed = 1; seed <= 40; ++seed) all.merge(keys(rows, seed));
  CHECK(all.size() == 28);  // every pair has its turn
  auto more = random_rows(3, 5, 5);
  more.insert(more.end(), rows.begin(), rows.end());
  CHECK(keys(more, 1) == drawn);
}

TEST_CASE("data pairs: among equal scores no place in the file is preferred") {
  const TempFolder folder;
  const std::vector<Json> rows = {{{"prompt", "p"}, {"completion", "a"}, {"reward", 1}}, {{"prompt", "p"}, {"completion", "b"}, {"reward", 1}},
                                  {{"prompt", "p"}, {"completion", "c"}, {"reward", 0}}};
  std::set<std::string> chosen;
  for (uint64_t seed = 0; seed < 30; ++seed) chosen.insert(make(folder, rows, {.seed = seed}).pairs.at(0)["chosen"].get<std::string>());
  CHECK(chosen == std::set<std::string>{"a", "b"});
}

TEST_CASE("data pairs: messages stay messages; failed scores are counted; equal completions are no pair; other columns; no margin") {
  const TempFolder folder;
  const Json messages = {{{"role", "user"}, {"content", "hi"}}};
  const std::vector<Json> rows = {{{"prompt", messages}, {"completion", "a"}, {"judge", 0.25}, {"step", 1}},
                                  {{"prompt", messages}, {"completion", "b"}, {"judge", "timeout"}},
                                  {{"prompt", messages}, {"completion", "a"}, {"judge", 9}},
                                  {{"prompt", messages}, {"completion", {{{"role", "assistant"}, {"content", "c"}}}}, {"judge", 2}}};
  const auto made = make(folder, rows, {.reward = "judge", .choice = "all", .has_margin = false});
  CHECK(made.report.num_unscored == 1);
  REQUIRE(made.pairs.size() == 2);
  CHECK(made.pairs[0]["prompt"] == messages);
  CHECK(made.pairs[0]["chosen"] == "c");
  CHECK(made.pairs[0]["rejected"] == "a");
  CHECK(made.pairs[1]["chosen"] == "a");
  CHECK(made.pairs[1]["rejected"] == "c");
  CHECK_FALSE(made.pairs[0].contains("margin"));
  CHECK(made.report.mean_margin == doctest::Approx((1.75 + 7) / 2));
  CHECK(made.report.text().find("4 rows in (1 without a score, 0 empty) of 1 prompts, 2 pairs out of 2") != std::string::npos);
  CHECK(made.report.json()["margin"]["max"] == 7);
}

TEST_CASE("data pairs: an empty completion, which no trainer takes, is counted and part of no pair, best or worst") {
  const TempFolder folder;
  const std::vector<Json> rows = {{{"prompt", "p"}, {"completion", ""}, {"reward", 9}},
                                  {{"prompt", "p"}, {"completion", "a"}, {"reward", 2}},
                                  {{"prompt", "p"}, {"completion", "b"}, {"reward", 1}},
                                  {{"prompt", "p"}, {"completion", ""}, {"reward", -9}}};
  for (const char* choice : {"best_worst", "all"}) {
    const auto made = make(folder, rows, {.choice = choice});
    CHECK(made.report.num_empty == 2);
    CHECK(made.report.json()["empty"] == 2);
    REQUIRE(made.pairs.size() == 1);
    CHECK(made.pairs[0]["chosen"] == "a");
    CHECK(made.pairs[0]["rejected"] == "b");
  }
}

TEST_CASE("data pairs: what is refused, and nothing is written then") {
  const TempFolder folder;
  const auto refuse = [&](const std::string& text, const PairsOptions& options, const std::string& what, const std::string& fix) {
    const auto in = folder.write("bad.jsonl", text);
    check_error([&] { rewards::data::make_pairs({in}, folder.path("none.jsonl"), options); }, what, what.starts_with("a prompt") ? "row 1" : in, fix);
    CHECK_FALSE(std::filesystem::exists(folder.path("none.jsonl")));
  };
  refuse("", {}, "there are no rows", "give files");
  refuse(R"({"prompt": "p", "reward": 1})", {}, "the row has no completion", "{prompt, completion, reward}");
  refuse(R"({"prompt": "p", "completion": "c", "score": 1})", {}, "the row has no column \"reward\"", "--reward");
  refuse(R"({"prompt": "p", "completion": "c", "reward": 1})", {}, "no prompt of 1 has two completions", "--min-difference");
  std::string many;
  for (int i = 0; i < 4097; ++i) many += Json({{"prompt", "p"}, {"completion", cat(i)}, {"reward", i}}).dump() + "\n";
  refuse(many, {.choice = "all"}, "a prompt has 4097 scored completions", "best_worst");
}

}  // namespace lockstep::test
