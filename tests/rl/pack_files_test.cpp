// SPDX-License-Identifier: Apache-2.0
// Packing files: every token once, as few empty places as TRL's, and rows that train as those they were made of.
#include "rl/pack_files.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "base/rng.h"
#include "rewards/rows/row_file.h"
#include "rl/best_fit.h"
#include "rl/packed_rows.h"
#include "rl/row_ids.h"
#include "rl/token_stats.h"
#include "tests/rl/tiny_text.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

using base::Json;
using Ids = std::vector<model::TokenId>;
using Pairs = std::vector<std::pair<Ids, Ids>>;

rl::TextSource source_of(const std::string& file, int64_t max_length) {
  rl::TextSource source;
  source.files = {file};
  source.max_length = max_length;
  return source;
}

// Documents, prompts with completions, and conversations of two answers, of many lengths.
std::string mixed_rows(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    base::Random random(9, "mixed", static_cast<uint64_t>(i));
    std::string text = cat("word ", i);
    for (uint64_t n = random.below(40); n > 0; --n) text += cat(" ", random.below(100));
    const Json turns = {{{"role", "user"}, {"content", "1+1"}}, {{"role", "assistant"}, {"content", "2"}},
                        {{"role", "user"}, {"content", text}}, {{"role", "assistant"}, {"content", "a word"}}};
    const std::vector<Json> forms = {{{"text", text}}, {{"prompt", text}, {"completion", "wait"}}, {{"messages", turns}}};
    out += forms[static_cast<size_t>(i) % 3].dump() + "\n";
  }
  return out;
}

// The sequences of a file in order, cut.
Pairs sequences_of(const std::string& file, int64_t max_length) {
  Pairs out;
  rl::for_each_text_row(source_of(file, max_length), tiny_tokenizer(), {}, [&](rl::TextRow row) {
    rl::cut_row(row, static_cast<size_t>(max_length));
    out.emplace_back(row.prompt, row.completion);
  });
  return out;
}

}  // namespace

TEST_CASE("pack files: every sequence once, whole chunks within their places, less waste than padding, the same bytes again") {
  const TempFolder folder;
  const auto file = folder.write("rows.jsonl", mixed_rows(200));
  for (const int64_t max_length : {24, 64, 300}) {
    CAPTURE(max_length);
    const auto out = folder.path("out.jsonl");
    const auto report = rl::pack_files(source_of(file, max_length), tiny_tokenizer(), {}, false, out);
    auto before = sequences_of(file, max_length), after = sequences_of(out, max_length);
    std::sort(before.begin(), before.end());
    std::sort(after.begin(), after.end());
    CHECK(before == after);
    size_t num_tokens = 0, num_chunks = 0;
    rewards::rows::for_each_row(out, [&](rewards::rows::FileRow& row) {
      CHECK(row.json["input_ids"].size() <= static_cast<size_t>(max_length));
      num_tokens += row.json["input_ids"].size();
      ++num_chunks;
    });
    CHECK(report.num_rows == 200);
    CHECK(report.num_sequences == 266);  // 66 conversations have two answers
    CHECK(report.num_packed == report.num_sequences);
    CHECK(report.num_tokens == num_tokens);
    CHECK(report.num_chunks == num_chunks);
    CHECK(report.num_chunks <= report.num_first_fit);
    CHECK(report.waste(report.num_chunks) < report.waste(report.num_packed));
    CHECK(report.waste(report.num_chunks) >= 0);
    const auto bytes = base::read_file(out);
    rl::pack_files(source_of(file, max_length), tiny_tokenizer(), {}, false, out);
    CHECK(base::read_file(out) == bytes);
  }
}

TEST_CASE("pack files: sequences that are too long are cut as in training, or dropped, and both are counted") {
  const TempFolder folder;
  const auto file = folder.write("rows.jsonl", mixed_rows(60)), out = folder.path("out.jsonl");
  size_t num_long = 0, num_over = 0, num_long_tokens = 0, num_all = 0;
  for (const auto& [prompt, completion] : sequences_of(file, 100'000)) {
    const size_t length = prompt.size() + completion.size();
    num_all += length;
    if (length <= 40) continue;
    ++num_long;
    num_over += length - 40;
    num_long_tokens += length;
  }
  REQUIRE(num_long > 5);
  const auto cut = rl::pack_files(source_of(file, 40), tiny_tokenizer(), {}, false, out);
  CHECK(cut.num_truncated == num_long);
  CHECK(cut.num_cut_tokens == num_over);
  CHECK(cut.num_dropped == 0);
  CHECK(cut.num_tokens == num_all - num_over);
  const auto dropped = rl::pack_files(source_of(file, 40), tiny_tokenizer(), {}, true, out);
  CHECK(dropped.num_dropped == num_long);
  CHECK(dropped.num_dropped_tokens == num_long_tokens);
  CHECK(dropped.num_truncated == 0);
  CHECK(dropped.num_packed == cut.num_packed - num_long);
  CHECK(dropped.num_tokens == num_all - num_long_tokens);
}

TEST_CASE("pack files: a packed file can be packed again, to chunks of another length") {
  const TempFolder folder;
  const auto file = folder.write("rows.jsonl", mixed_rows(50)), once = folder.path("once.jsonl"), twice = folder.path("twice.jsonl");
  rl::pack_files(source_of(file, 300), tiny_tokenizer(), {}, false, once);
  rl::pack_files(source_of(once, 600), tiny_tokenizer(), {}, false, twice);
  auto before = sequences_of(once, 600), after = sequences_of(twice, 600);
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  CHECK(before == after);
}

TEST_CASE("pack files: a training run draws of a packed file what it draws of the rows in that order, epoch by epoch") {
  const TempFolder folder;
  std::string texts;
  for (int i = 0; i < 40; ++i) texts += Json{{"prompt", cat("User: ", i, "=?")}, {"completion", std::string(static_cast<size_t>(i * 7 % 23) + 1, 'a')}}.dump() + "\n";
  const auto file = folder.write("rows.jsonl", texts), packed = folder.path("packed.jsonl");
  rl::pack_files(source_of(file, 48), tiny_tokenizer(), {}, false, packed);
  std::map<std::pair<Ids, Ids>, std::string> line_of;  // every sequence's row in the file
  std::vector<std::string> lines;
  base::for_each_line(file, [&](std::string_view line, size_t) { lines.emplace_back(line); });
  const auto before = sequences_of(file, 48);
  for (size_t i = 0; i < lines.size(); ++i) line_of[before[i]] = lines[i];
  REQUIRE(line_of.size() == lines.size());
  std::string ordered;
  for (const auto& sequence : sequences_of(packed, 48)) ordered += line_of.at(sequence) + "\n";
  const auto a = rl::open_text_rows(source_of(packed, 48), tiny_tokenizer(), {}, 3);
  const auto b = rl::open_text_rows(source_of(folder.write("ordered.jsonl", ordered), 48), tiny_tokenizer(), {}, 3);
  REQUIRE(a->rows_per_epoch() == 40);
  REQUIRE(b->rows_per_epoch() == 40);
  for (uint64_t i = 0; i < 120; ++i) {
    CHECK(a->row(i).prompt == b->row(i).prompt);
    CHECK(a->row(i).completion == b->row(i).completion);
  }
}

TEST_CASE("pack files: a wrong row is an Error at its line and leaves the old file; nothing that fits is one too") {
  const TempFolder folder;
  const auto file = folder.write("rows.jsonl", "{\"text\": \"a\"}\n{\"input_ids\": [100000]}\n");
  const auto out = folder.write("out.jsonl", "old\n");
  check_error([&] { rl::pack_files(source_of(file, 8), tiny_tokenizer(), {}, false, out); }, "\"input_ids\" holds 100000", file + ":2", "tokenizer");
  CHECK(base::read_file(out) == "old\n");
  const auto longer = folder.write("long.jsonl", "{\"text\": \"a word and another one\"}\n");
  check_error([&] { rl::pack_files(source_of(longer, 2), tiny_tokenizer(), {}, true, out); }, "every row has more than 2 tokens", longer, "--max-length");
  CHECK(base::read_file(out) == "old\n");
  size_t num_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) num_files += entry.is_regular_file() ? 1 : 0;
  CHECK(num_files == 3);
  check_error([&] { rl::tokenizer_documents(source_of(file, 8), 0, 1); }, "the row holds token ids, not text", file + ":2", "the rows that it was made of");
}

TEST_CASE("token stats: lengths are those of the ids that a run makes of the rows") {
  const TempFolder folder;
  const auto file = folder.write("rows.jsonl", R"({"text": "a word"})"
                                               "\n"
                                               R"({"prompt": "User: 1+2=?", "completion": "3"})"
                                               "\n"
                                               R"({"prompt": "User: 4+5+6=?", "answer": "15"})"
                                               "\n"
                                               R"({"prompt": [{"role": "user", "content": "1"}, {"role": "tool", "content": "2"}]})"
                                               "\n"
                                               R"({"unknown": 1})"
                                               "\n");
  const auto& t = tiny_tokenizer();
  const model::PromptFormat format{.name = "raw"};
  const size_t document = t.encode("a word").size() + 1, prompt = model::prompt_ids(t, format, {{"user", "User: 1+2=?"}}).size();
  const size_t other = model::prompt_ids(t, format, {{"user", "User: 4+5+6=?"}}).size(), completion = model::completion_ids(t, format, "3").size();
  const auto stats = rl::token_stats({file}, t, format, static_cast<int64_t>(prompt + completion) - 1);
  CHECK(stats.num_rows == 3);
  CHECK(stats.num_refused == 1);
  CHECK(stats.refusal == cat("message 1 has role \"tool\" (", file, ":4)"));
  CHECK(stats.lengths.at("document tokens").most == document);
  CHECK(stats.lengths.at("prompt tokens").least == std::min(prompt, other));
  CHECK(stats.lengths.at("completion tokens").count == 1);
  CHECK(stats.lengths.at("completion tokens").most == completion);
  CHECK(stats.lengths.at("row tokens").count == 3);
  size_t num_above = 0;
  for (const size_t length : {document, prompt + completion, other}) num_above += length > prompt + completion - 1 ? 1 : 0;
  CHECK(stats.num_above == num_above);
  const auto at_most = rl::token_stats({file}, t, format, static_cast<int64_t>(prompt + completion));  // its own length is not above it
  CHECK(at_most.num_above == (document > prompt + completion ? 1 : 0) + (other > prompt + completion ? 1 : 0));
  CHECK(stats.json()["above_max_length"] == stats.num_above);
}

}  // namespace lockstep::test
