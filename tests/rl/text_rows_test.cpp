// SPDX-License-Identifier: Apache-2.0
// Text rows: pure functions of the index, epochs that are permutations, every form of a row and every refusal.
#include "rl/text_rows.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "rewards/tasks/task.h"
#include "tests/rl/tiny_text.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

using Ids = std::vector<model::TokenId>;

std::unique_ptr<rl::TextRows> open_file(const std::string& path, int64_t max_length = 2048, const model::PromptFormat& format = {}) {
  rl::TextSource source;
  source.files = {path};
  source.max_length = max_length;
  return rl::open_text_rows(source, tiny_tokenizer(), format, 5);
}

std::unique_ptr<rl::TextRows> open_corpus(uint64_t seed, int64_t max_length = 2048) {
  rl::TextSource source;
  source.max_length = max_length;
  return rl::open_text_rows(source, tiny_tokenizer(), {}, seed);
}

Ids encode(const std::string& text) { return tiny_tokenizer().encode(text); }

Ids with_eos(Ids ids) {
  ids.push_back(*tiny_tokenizer().eos_id());
  return ids;
}

// The tokenizer without its end-of-text token.
class NoEos final : public model::Tokenizer {
 public:
  Ids encode(std::string_view text) const override { return tiny_tokenizer().encode(text); }
  Ids encode_with_special(std::string_view text) const override { return tiny_tokenizer().encode(text); }
  std::string decode(const Ids& ids, bool skip) const override { return tiny_tokenizer().decode(ids, skip); }
  std::string piece(model::TokenId id) const override { return tiny_tokenizer().piece(id); }
  int64_t vocab_size() const override { return tiny_tokenizer().vocab_size(); }
  bool is_special(model::TokenId) const override { return false; }
  std::optional<model::TokenId> find(std::string_view) const override { return std::nullopt; }
  std::optional<model::TokenId> bos_id() const override { return std::nullopt; }
  std::optional<model::TokenId> eos_id() const override { return std::nullopt; }
  std::optional<model::TokenId> pad_id() const override { return std::nullopt; }
  bool adds_bos() const override { return false; }
  void save(const std::string&) const override {}
};

}  // namespace

TEST_CASE("text rows: the corpus is a pure function of seed and index, every document ends with eos") {
  const auto rows = open_corpus(7), again = open_corpus(7), other = open_corpus(8);
  CHECK(rows->rows_per_epoch() == 0);
  int different = 0;
  for (uint64_t i : {5, 0, 40, 5, 3}) {
    const auto row = rows->row(i);
    CHECK(row.prompt.empty());
    CHECK(row.completion == again->row(i).completion);
    CHECK(row.completion == with_eos(encode(rewards::corpus_document({}, 7, i))));
    different += row.completion != other->row(i).completion;
  }
  CHECK(different > 0);
}

TEST_CASE("text rows: a corpus document above max_length keeps its beginning") {
  const auto rows = open_corpus(7), cut = open_corpus(7, 6);
  for (uint64_t i = 0; i < 10; ++i) {
    auto expected = rows->row(i).completion;
    if (expected.size() > 6) expected.resize(6);
    CHECK(cut->row(i).completion == expected);
  }
}

TEST_CASE("text rows: a task's problems are solved behind a space, of the train split alone, and the answer alone is trained on unless all is asked for") {
  rl::TextSource source;
  source.task = "chain_sum";
  source.task_parameters = {{"max_terms", 5}};
  const auto rows = rl::open_text_rows(source, tiny_tokenizer(), {}, 7);
  source.trained = "all";
  const auto whole = rl::open_text_rows(source, tiny_tokenizer(), {}, 7);
  CHECK(rows->rows_per_epoch() == 0);
  const rewards::Task task("chain_sum", source.task_parameters);
  for (uint64_t i : {4, 0, 30}) {
    const auto problem = task.make(7, rewards::Split::train, i);
    const auto row = rows->row(i);
    CHECK(row.prompt == encode(problem["prompt"].get<std::string>()));
    CHECK(row.completion == with_eos(encode(" " + problem["answer"].get<std::string>())));
    Ids joined = row.prompt;
    joined.insert(joined.end(), row.completion.begin(), row.completion.end());
    CHECK(whole->row(i).prompt.empty());
    CHECK(whole->row(i).completion == joined);
  }
  const auto documents = rl::tokenizer_documents(source, 7, 3);
  REQUIRE(documents.size() == 3);
  const auto first = task.make(7, rewards::Split::train, 0);
  CHECK(documents[0] == first["prompt"].get<std::string>() + " " + first["answer"].get<std::string>());
}

TEST_CASE("text rows: a task beside files, and a solved problem that does not fit, are refused") {
  rl::TextSource source;
  source.task = "chain_sum";
  source.files = {"x.jsonl"};
  check_error([&] { rl::open_text_rows(source, tiny_tokenizer(), {}, 7); }, "both the task chain_sum and files are named", "data/task", "keep one of them");
  source.files = {};
  source.max_length = 4;
  const auto rows = rl::open_text_rows(source, tiny_tokenizer(), {}, 7);
  check_error([&] { rows->row(3); }, "tokens, max_length is 4", "task chain_sum, row 3", "raise data.max_length");
}

TEST_CASE("text rows: the three forms of a file's rows") {
  const TempFolder folder;
  const auto file = folder.write("rows.jsonl",
                                 "{\"text\": \"a word\"}\n"
                                 "\n"
                                 "{\"prompt\": \"User: 1+1=?\", \"completion\": \" 2\", \"other\": 1}\n"
                                 "{\"prompt\": [{\"role\": \"user\", \"content\": \"1+2\"}], \"completion\": \"3\"}\n"
                                 "{\"messages\": [{\"role\": \"user\", \"content\": \"4\"}, {\"role\": \"assistant\", \"content\": \"5\"}]}\n");
  const auto rows = open_file(file);
  CHECK(rows->rows_per_epoch() == 4);
  std::set<std::pair<Ids, Ids>> seen;
  for (uint64_t i = 0; i < 4; ++i) seen.emplace(rows->row(i).prompt, rows->row(i).completion);
  CHECK(seen == std::set<std::pair<Ids, Ids>>{{{}, with_eos(encode("a word"))},
                                              {encode("User: 1+1=?"), with_eos(encode(" 2"))},
                                              {encode("1+2"), with_eos(encode("3"))},
                                              {encode("4"), with_eos(encode("5"))}});
}

TEST_CASE("text rows: every answer of a conversation is a row with what stands before it, or the last alone") {
  const TempFolder folder;
  const std::string talk = R"([{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}, {"role": "user", "content": "3"},)"
                           R"( {"role": "assistant", "content": "4"}])";
  const auto file = folder.write("rows.jsonl", cat("{\"messages\": ", talk, "}\n"));
  const model::PromptFormat format{.name = "raw"};
  rl::TextSource source;
  source.files = {file};
  const auto rows = rl::open_text_rows(source, tiny_tokenizer(), format, 5);
  REQUIRE(rows->rows_per_epoch() == 2);
  std::set<std::pair<Ids, Ids>> seen;
  for (uint64_t i = 0; i < 2; ++i) seen.emplace(rows->row(i).prompt, rows->row(i).completion);
  const auto first = model::prompt_ids(tiny_tokenizer(), format, {{"user", "1"}});
  const auto second = model::prompt_ids(tiny_tokenizer(), format, {{"user", "1"}, {"assistant", "2"}, {"user", "3"}});
  CHECK(seen == std::set<std::pair<Ids, Ids>>{{first, model::completion_ids(tiny_tokenizer(), format, "2")},
                                              {second, model::completion_ids(tiny_tokenizer(), format, "4")}});
  source.assistant_turns = "last";
  const auto last = rl::open_text_rows(source, tiny_tokenizer(), format, 5);
  REQUIRE(last->rows_per_epoch() == 1);
  CHECK(last->row(0).prompt == second);
}

TEST_CASE("text rows: prompt and completion of a format are those that the rollout sees") {
  const TempFolder folder;
  const auto file = folder.write("rows.jsonl", "{\"prompt\": \"1+1\", \"completion\": \"<think>wait</think>2\"}\n");
  const model::PromptFormat format{.name = "r1_zero", .system = "", .prefill = "<think>"};
  const auto row = open_file(file, 2048, format)->row(0);
  CHECK(row.prompt == model::prompt_ids(tiny_tokenizer(), format, {{"user", "1+1"}}));
  CHECK(row.completion == model::completion_ids(tiny_tokenizer(), format, "<think>wait</think>2"));
}

TEST_CASE("text rows: each epoch visits every row of the files once, in an order of its own, at any order of asking") {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 20; ++i) text += cat("{\"text\": \"word ", i, "\"}\n");
  const auto file = folder.write("rows.jsonl", text);
  const auto rows = open_file(file), again = open_file(file);
  std::vector<std::vector<Ids>> epochs(3);
  for (uint64_t i = 0; i < 60; ++i) epochs[i / 20].push_back(rows->row(i).completion);
  for (const auto& epoch : epochs) CHECK(std::set<Ids>(epoch.begin(), epoch.end()).size() == 20);
  CHECK(epochs[0] != epochs[1]);
  CHECK(epochs[1] != epochs[2]);
  for (uint64_t i : {41, 3, 59, 22, 3}) CHECK(again->row(i).completion == epochs[i / 20][i % 20]);
}

TEST_CASE("text rows: of a row that is too long the prompt keeps its end and the completion its beginning") {
  const TempFolder folder;
  const std::string prompt = "User: 1+2+3+4+5+6+7+8=?", completion = " 1 2 3 4 5 6 7 8 9";
  const auto file = folder.write("rows.jsonl", base::Json{{"prompt", prompt}, {"completion", completion}}.dump() + "\n");
  const auto whole = open_file(file)->row(0);
  for (size_t most = 2; most < whole.prompt.size() + whole.completion.size() + 3; ++most) {
    CAPTURE(most);
    const auto row = open_file(file, static_cast<int64_t>(most))->row(0);
    CHECK(row.prompt.size() + row.completion.size() == std::min(most, whole.prompt.size() + whole.completion.size()));
    CHECK(std::equal(row.prompt.rbegin(), row.prompt.rend(), whole.prompt.rbegin()));
    CHECK(std::equal(row.completion.begin(), row.completion.end(), whole.completion.begin()));
    CHECK(row.completion.size() >= std::min<size_t>(whole.completion.size(), std::max<size_t>(2, most / 2)));
  }
}

TEST_CASE("text rows: every wrong row is an Error with its file and line") {
  const TempFolder folder;
  const std::vector<std::vector<std::string>> wrong = {
      {"[1]", "the row is array, not an object", "one object a line"},
      {"{\"txt\": \"a\"}", "the row has no known shape", "give \"prompt\""},
      {"{\"prompt\": \"a\"}", "the row has no completion to train on", "\"prompt\" + \"completion\""},
      {"{\"text\": 3}", "\"text\" is number, not text", "give it as text"},
      {"{\"text\": \"\"}", "the row has no completion to train on", "give \"text\""},
      {"{\"prompt\": 1, \"completion\": \"b\"}", "\"prompt\" is number, not text", "give it as text"},
      {"{\"prompt\": \"a\", \"completion\": \"\"}", "the row has no completion to train on", "\"prompt\" + \"completion\""},
      {"{\"messages\": {}}", "\"messages\" is object", "give a list"},
      {"{\"messages\": [1, 2]}", "a message is number, not an object", "give a list"},
      {"{\"messages\": [{\"role\": \"user\", \"content\": 1}]}", "the content of a message is neither text nor a list", "give a list"},
      {"{\"messages\": [{\"role\": \"assistant\", \"content\": \"a\"}]}", "the row has an answer but no question", "at least one other turn"},
      {"{\"messages\": [{\"role\": \"user\", \"content\": \"\"}, {\"role\": \"assistant\", \"content\": \"b\"}]}", "a message has no content", "as text"},
      {"{\"messages\": [{\"role\": \"assistant\", \"content\": \"a\"}, {\"role\": \"user\", \"content\": \"b\"}]}",
       "the row has no completion to train on", "messages that end with the assistant"}};
  for (const auto& row : wrong) {
    CAPTURE(row[0]);
    const auto file = folder.write("rows.jsonl", "{\"text\": \"a\"}\n" + row[0] + "\n");
    check_error([&] { open_file(file); }, row[1], file + ":2", row[2]);
  }
  const auto broken = folder.write("rows.jsonl", "{\"text\": \"a\"}\n\n{\"text\": \n");
  CHECK(error_of([&] { open_file(broken); }).value().where().find(broken + ":3") == 0);
}

TEST_CASE("text rows: no rows at all and a tokenizer without eos are Errors") {
  const TempFolder folder;
  const auto empty = folder.write("empty.jsonl", "\n\n");
  check_error([&] { open_file(empty); }, "no rows to train on", empty, "give at least one row");
  const NoEos tokenizer;
  rl::TextSource source;
  check_error([&] { rl::open_text_rows(source, tokenizer, {}, 0); }, "no end-of-text token", "tokenizer", "names eos_token");
  source.files = {folder.write("rows.jsonl", "{\"text\": \"a\"}\n")};
  check_error([&] { rl::open_text_rows(source, tokenizer, {}, 0); }, "no end-of-text token", "tokenizer", "names eos_token");
}

TEST_CASE("tokenizer documents: those of the corpus, or every text of the files") {
  rl::TextSource source;
  CHECK(rl::tokenizer_documents(source, 4, 3) == std::vector<std::string>{rewards::corpus_document({}, 4, 0),
                                                                          rewards::corpus_document({}, 4, 1),
                                                                          rewards::corpus_document({}, 4, 2)});
  const TempFolder folder;
  source.files = {folder.write("a.jsonl", "{\"prompt\": \"p\", \"completion\": \"c\"}\n"), folder.write("b.jsonl", "{\"text\": \"t\"}\n")};
  CHECK(rl::tokenizer_documents(source, 4, 1) == std::vector<std::string>{"p", "c", "t"});
}

}  // namespace lockstep::test
