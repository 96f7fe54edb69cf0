// SPDX-License-Identifier: Apache-2.0
// Packed rows: there and back, TRL's own rows, every refusal, and mutations of a good row.
#include "rl/packed_rows.h"

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/support/errors.h"

namespace lockstep::test {
namespace {

using base::Json;
using rl::TextRow;

constexpr int64_t kVocab = 320;

bool operator_equal(const TextRow& a, const TextRow& b) { return a.prompt == b.prompt && a.completion == b.completion; }

std::vector<TextRow> random_sequences(uint64_t seed) {
  base::Random random(seed, "sequences");
  std::vector<TextRow> out(1 + random.below(6));
  for (auto& row : out) {
    row.prompt.resize(random.below(4));
    row.completion.resize(1 + random.below(5));
    for (auto* ids : {&row.prompt, &row.completion})
      for (auto& id : *ids) id = static_cast<model::TokenId>(random.below(kVocab));
  }
  return out;
}

}  // namespace

TEST_CASE("packed rows: what was written is read, and has one number a place in every column") {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const auto sequences = random_sequences(seed);
    const Json row = base::parse_json(rl::packed_row(sequences).dump(), "row");
    REQUIRE(rl::is_packed(row));
    CHECK(row.size() == 3);
    CHECK(row["input_ids"].size() == row["completion_mask"].size());
    CHECK(row["seq_lengths"].size() == sequences.size());
    const auto again = rl::read_packed(row, kVocab, "row");
    CHECK(std::equal(again.begin(), again.end(), sequences.begin(), sequences.end(), operator_equal));
  }
}

TEST_CASE("packed rows: TRL's, whose labels say what is trained on") {
  size_t num_sequences = 0;
  base::for_each_line(LOCKSTEP_SOURCE_DIR "/tests/fixtures/packing/trl_sft.jsonl", [&](std::string_view line, size_t number) {
    const Json row = base::parse_json(line, cat("line ", number));
    size_t begin = 0;
    for (const auto& sequence : rl::read_packed(row, kVocab, "row")) {
      for (size_t i = 0; i < sequence.prompt.size() + sequence.completion.size(); ++i, ++begin) {
        const bool is_prompt = i < sequence.prompt.size();
        CHECK(row["labels"][begin] == (is_prompt ? Json(-100) : row["input_ids"][begin]));
        CHECK(row["input_ids"][begin] == (is_prompt ? sequence.prompt[i] : sequence.completion[i - sequence.prompt.size()]));
      }
      ++num_sequences;
    }
    CHECK(begin == row["input_ids"].size());
  });
  CHECK(num_sequences == 40);
}

TEST_CASE("packed rows: ids alone are one text") {
  const auto rows = rl::read_packed({{"input_ids", {5, 6, 7}}}, kVocab, "row");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].prompt.empty());
  CHECK(rows[0].completion == std::vector<model::TokenId>{5, 6, 7});
}

TEST_CASE("packed rows: every wrong row is an Error at its place") {
  const std::vector<std::vector<std::string>> wrong = {
      {R"({"input_ids": 3})", "\"input_ids\" is number, not a list", "give a list of numbers"},
      {R"({"input_ids": [1, 320]})", "\"input_ids\" holds 320, not a number from 0 to 319", "the tokenizer of this model"},
      {R"({"input_ids": [-1]})", "\"input_ids\" holds -1", "the tokenizer of this model"},
      {R"({"input_ids": [1.5]})", "\"input_ids\" holds 1.5", "the tokenizer of this model"},
      {R"({"input_ids": [18446744073709551615]})", "\"input_ids\" holds 18446744073709551615", "the tokenizer of this model"},
      {R"({"input_ids": ["\u001b[2J"]})", "\"input_ids\" holds \"\\u001b[2J\"", "the tokenizer of this model"},
      {R"({"input_ids": []})", "nothing of sequence 1 is trained on", "leave it out"},
      {R"({"input_ids": [1, 2], "completion_mask": [1]})", "\"completion_mask\" has 1 values for 2 ids", "one for each id"},
      {R"({"input_ids": [1, 2], "completion_mask": [1, 2]})", "\"completion_mask\" holds 2, not a number from 0 to 1", ""},
      {R"({"input_ids": [1, 2], "completion_mask": [0, 0]})", "nothing of sequence 1 is trained on", "leave it out"},
      {R"({"input_ids": [1, 2, 3], "completion_mask": [1, 0, 1]})", "sequence 1 has a prompt behind a completion", "a sequence of its own"},
      {R"({"input_ids": [1, 2, 3], "completion_mask": [1, 0, 0], "seq_lengths": [1, 2]})", "nothing of sequence 2 is trained on", "leave it out"},
      {R"({"input_ids": [1, 2], "labels": [1]})", "\"labels\" has 1 values for 2 ids", "one for each id"},
      {R"({"input_ids": [1, 2], "labels": [1, 3]})", "\"labels\" has 3 for the id 2", "or -100"},
      {R"({"input_ids": [1, 2], "seq_lengths": [1]})", "\"seq_lengths\" add up to 1 for 2 ids", "the length of each sequence"},
      {R"({"input_ids": [1, 2], "seq_lengths": [2, 0]})", "\"seq_lengths\" holds 0, not a number from 1", ""},
      {R"({"input_ids": [1, 2], "seq_lengths": [3, -1]})", "\"seq_lengths\" holds -1, not a number from 1", ""}};
  for (const auto& row : wrong) {
    CAPTURE(row[0]);
    check_error([&] { rl::read_packed(base::parse_json(row[0], "row"), kVocab, "f.jsonl:7"); }, row[1], "f.jsonl:7", row[2]);
  }
}

TEST_CASE("packed rows: a mutated row is read within its bounds or refused") {
  int num_read = 0, num_refused = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    base::Random random(seed, "mutation");
    Json row = rl::packed_row(random_sequences(seed));
    for (uint64_t i = random.below(3); i > 0; --i) {
      Json& column = row[std::vector<std::string>{"input_ids", "seq_lengths", "completion_mask"}[random.below(3)]];
      const std::vector<Json> values = {0, 1, -1, kVocab, kVocab - 1, 1e300, INT64_MIN, UINT64_MAX, nullptr, "1", Json::array(), true};
      const Json& value = values[random.below(values.size())];
      if (random.below(8) == 0) column = value;
      else if (column.is_array() && !column.empty()) column[random.below(column.size())] = value;
    }
    const auto error = error_of([&] {
      size_t total = 0;
      for (const auto& sequence : rl::read_packed(row, kVocab, "row")) {
        REQUIRE(!sequence.completion.empty());
        for (const auto* ids : {&sequence.prompt, &sequence.completion})
          for (const auto id : *ids) REQUIRE((id >= 0 && id < kVocab));
        total += sequence.prompt.size() + sequence.completion.size();
      }
      CHECK(total == row["input_ids"].size());
    });
    ++(error ? num_refused : num_read);
  }
  CHECK(num_read > 100);
  CHECK(num_refused > 100);
}

}  // namespace lockstep::test
