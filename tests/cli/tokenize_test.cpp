// SPDX-License-Identifier: Apache-2.0
// `lockstep tokenize`: the ids of the library, row by row, and each wrong row with its file and line.
#include "base/json.h"
#include "base/text.h"
#include "model/tokenizer.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {
namespace {

using base::Json;

const std::vector<std::string>& texts() {
  static const std::vector<std::string> texts = {"User: 6+8=?\nAssistant:", "", "14<eos>", "a \"quoted\" word",
                                                 " 6 + 8 "};
  return texts;
}

// A tokenizer trained on the spot and saved into `folder`.
std::shared_ptr<const model::Tokenizer> make_tokenizer(const std::string& folder) {
  std::vector<std::string> documents;
  for (int i = 0; i < 300; ++i) {
    documents.push_back(cat("User: ", i, "+", i * 7 % 10, "=?\nAssistant: the answer is ", i + i * 7 % 10, " a word"));
  }
  auto tokenizer = model::train_tokenizer(documents, {.vocab_size = 320, .user_symbols = {"\n"}});
  tokenizer->save(folder);
  return tokenizer;
}

}  // namespace

TEST_CASE("tokenize: each row has the ids that the library gives, with and without special tokens") {
  const ScratchFolder scratch;
  const auto tokenizer = make_tokenizer(scratch.path());
  std::string rows;
  for (const std::string& text : texts()) rows += Json{{"text", text}, {"other", 1}}.dump() + "\n";
  const std::string input = scratch.write("rows.jsonl", rows);
  std::string plain, special;
  for (const std::string& text : texts()) {
    plain += Json{{"ids", tokenizer->encode(text)}}.dump() + "\n";
    special += Json{{"ids", tokenizer->encode_with_special(text)}}.dump() + "\n";
  }
  CHECK(plain != special);  // "<eos>" is text in one and a token in the other
  const RunResult run = lockstep({"tokenize", "--model", scratch.path(), "--input", input});
  CAPTURE(run.err);
  CHECK(run.exit_code == 0);
  CHECK(run.out == plain);
  CHECK(lockstep({"tokenize", "--model", scratch.path(), "--input", input, "--special"}).out == special);
}

TEST_CASE("tokenize: a wrong row is an Error with its file and line") {
  const ScratchFolder scratch;
  make_tokenizer(scratch.path());
  for (const char* row : {"{\"txt\": \"a\"}", "{\"text\": 1}", "[\"text\"]", "\"text\""}) {
    CAPTURE(row);
    const std::string input = scratch.write("rows.jsonl", std::string("\n") + row + "\n");
    expect_failure({"tokenize", "--model", scratch.path(), "--input", input}, 1, "the row has no string under \"text\"",
                   input + ":2", "write rows like {\"text\": \"...\"}");
  }
  const std::string input = scratch.write("rows.jsonl", "{\"text\": \"a\"\n");
  const RunResult run = lockstep({"tokenize", "--model", scratch.path(), "--input", input});
  CHECK(run.exit_code == 1);
  CHECK(contains(run.err, "rows.jsonl:1"));
}

TEST_CASE("tokenize: a missing or broken model, a folder without a tokenizer and a missing file are Errors") {
  const ScratchFolder scratch;
  make_tokenizer(scratch.path());
  const std::string input = scratch.write("rows.jsonl", "{\"text\": \"a\"}\n");
  const ScratchFolder empty;
  for (const std::vector<std::string>& bad : {std::vector<std::string>{"--model", "no/such/model", "--input", input},
                                              {"--model", empty.path(), "--input", input},
                                              {"--model", scratch.write("broken.gguf", "GGUF"), "--input", input},
                                              {"--model", scratch.path(), "--input", "no/such/file"}}) {
    std::vector<std::string> words = {"tokenize"};
    words.insert(words.end(), bad.begin(), bad.end());
    const RunResult run = lockstep(words);
    CAPTURE(run.err);
    CHECK(run.exit_code == 1);
    CHECK(run.out.empty());
    CHECK(contains(run.err, "\n  where: "));
    CHECK(contains(run.err, "\n  fix:   "));
    CHECK_FALSE(contains(run.err, "fault in Lockstep"));
  }
  expect_failure({"tokenize", "--input", input}, 2, "--model is missing", "lockstep tokenize", "give --model PATH");
}

}  // namespace lockstep::test
