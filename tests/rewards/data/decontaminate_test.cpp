// SPDX-License-Identifier: Apache-2.0
// Decontamination against a slow oracle, the borders of the rule, and its report.
#include "rewards/data/decontaminate.h"

#include <algorithm>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "rewards/data/ngram_index.h"
#include "tests/base/temp_folder.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::data {
namespace {

using base::Random;
using base::TempFolder;

bool shares(const std::vector<std::string>& train, const std::vector<std::string>& eval, size_t n) {
  const size_t length = std::min(n, eval.size());
  if (length < std::min<size_t>(3, n)) return false;
  for (size_t i = 0; i + length <= eval.size(); ++i) {
    const auto begin = eval.begin() + static_cast<ptrdiff_t>(i);
    if (std::search(train.begin(), train.end(), begin, begin + static_cast<ptrdiff_t>(length)) != train.end()) return true;
  }
  return false;
}

std::vector<std::string> random_words(Random& random, uint64_t most) {
  std::vector<std::string> words;
  for (uint64_t i = random.below(most); i > 0; --i) words.push_back(cat("w", random.below(4)));
  return words;
}

}  // namespace

TEST_CASE("n-grams: exactly the texts that share a run of words are found") {
  size_t num_hits = 0, num_free = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Random random(seed, "ngrams");
    const size_t n = 1 + random.below(6);
    NgramIndex index(n);
    std::vector<std::vector<std::string>> evals;
    for (int i = 0; i < 3; ++i) index.add(base::join(evals.emplace_back(random_words(random, 12)), ", "));
    const auto train = random_words(random, 14);
    std::vector<uint32_t> found, expected;
    for (const auto& hit : index.find(Words(base::join(train, " "), Symbols::drop), 0)) found.push_back(hit.text);
    std::sort(found.begin(), found.end());
    for (uint32_t i = 0; i < 3; ++i) {
      if (shares(train, evals[i], n)) expected.push_back(i);
    }
    CHECK(found == expected);
    num_hits += found.size();
    num_free += 3 - found.size();
  }
  CHECK(num_hits > 500);
  CHECK(num_free > 500);
}

TEST_CASE("n-grams: case, punctuation, white space and Unicode forms hide nothing; nine words in common are not ten") {
  NgramIndex index(10);
  REQUIRE(index.add("Let $f(x) = \\frac{1}{2} x$; find all Cafe\xCC\x81s of the king."));
  const auto hits = [&](std::string_view text) { return index.find(Words(text, Symbols::drop), 0).size(); };
  CHECK(hits("so LET F(X)=FRAC 1/2 x. Find\nall caf\xC3\xA9s there") == 1);
  CHECK(hits("let f x frac 1 2 x find all other") == 0);  // nine
  CHECK(!index.add("too short!"));
  REQUIRE(index.add("Name three rivers."));
  CHECK(hits("Now name three rivers of France") == 1);
  CHECK(hits("Now name the three rivers") == 0);
  CHECK(index.find(Words("name three rivers", Symbols::drop), 0)[0].ngram == "name three rivers");
}

TEST_CASE("n-grams: what many evaluation rows share can be left out as a template") {
  NgramIndex index(3);
  for (const char* name : {"Ann", "Bob", "Cid"}) index.add(cat("How old is ", name, " now? Think step by step"));
  const Words train("Explain it. Think step by step", Symbols::drop);
  CHECK(index.find(train, 0).size() == 3);
  CHECK(index.find(train, 2).empty());
  CHECK(index.find(Words("how old is Bob", Symbols::drop), 2).size() == 1);
  CHECK(index.most_shared(1)[0] == std::pair<std::string, size_t>{"how old is", 3});
}

TEST_CASE("decontaminate: clean rows stay byte for byte, the report names both rows of a hit") {
  const TempFolder folder;
  base::write_file_atomic(folder / "train.jsonl",
                          "{\"prompt\": \"one two three four\"}\n{\"prompt\": \"p\", \"completion\": \"x one TWO three!\"}\n"
                          "{\"prompt\":  \"zero one two\"}\n");
  base::write_file_atomic(folder / "eval.jsonl", "{\"question\": \"One, two; three\", \"answer\": \"5\"}\n{\"question\": \"a b\"}\n");
  const DecontaminateReport report = decontaminate({folder / "train.jsonl"}, {folder / "eval.jsonl"}, folder / "out.jsonl", {});
  CHECK(base::read_file(folder / "out.jsonl") == "{\"prompt\":  \"zero one two\"}\n");
  CHECK(report.rows_in == 3);
  CHECK(report.rows_out == 1);
  CHECK(report.num_hits == 2);
  REQUIRE(report.hits.size() == 2);
  CHECK(report.hits[1].row.ends_with("train.jsonl:2"));
  CHECK(report.hits[1].eval_row.ends_with("eval.jsonl:1"));
  CHECK(report.hits[1].ngram == "one two three");
  CHECK(report.eval_files[0].num_rows == 2);
  CHECK(report.eval_files[0].num_hit == 1);
  CHECK(report.eval_files[0].num_short == 1);
  CHECK(contains(report.text(), "3 rows in, 1 out: 2 share an n-gram"));
  CHECK(report.json()["hits"].size() == 2);
  DecontaminateOptions prompts;
  prompts.fields = {"prompt"};
  CHECK(decontaminate({folder / "train.jsonl"}, {folder / "eval.jsonl"}, folder / "out.jsonl", prompts).rows_out == 2);
}

TEST_CASE("decontaminate: files without rows are refused") {
  const TempFolder folder;
  base::write_file_atomic(folder / "none.jsonl", "");
  base::write_file_atomic(folder / "one.jsonl", "{\"prompt\": \"p\"}\n");
  const auto run = [&](const char* in, const char* eval) { decontaminate({folder / in}, {folder / eval}, folder / "o", {}); };
  expect_error([&] { run("one.jsonl", "none.jsonl"); }, "the evaluation file has no rows", "none.jsonl", "kept apart");
  expect_error([&] { run("none.jsonl", "one.jsonl"); }, "there are no rows", "none.jsonl", "give files with rows");
}

}  // namespace lockstep::rewards::data
