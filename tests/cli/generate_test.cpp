// SPDX-License-Identifier: Apache-2.0
// `lockstep generate`: reproducible completions of a prompt or a file, their log-probabilities, and wrong use.
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "tests/cli/lockstep.h"
#include "tests/cli/tiny_model_folder.h"

namespace lockstep::test {
namespace {

using base::Json;

RunResult generate(std::vector<std::string> words) {
  words.insert(words.begin(), {"generate", "--model", tiny_model_folder(), "--max-tokens", "6"});
  return lockstep(words);
}

std::vector<Json> rows_of(const RunResult& run) {
  CAPTURE(run.err);
  CHECK(run.exit_code == 0);
  std::vector<Json> rows;
  for (const auto& line : base::split(run.out, '\n'))
    if (!line.empty()) rows.push_back(base::parse_json(line, "output"));
  return rows;
}

}  // namespace

TEST_CASE("generate: samples of a prompt are a function of the seed, and their log-probabilities are those of `logprobs`") {
  const ScratchFolder scratch;
  const auto run = generate({"--prompt", "User: 1+2=?", "--samples", "3", "--json"});
  const auto rows = rows_of(run);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] != rows[1]);
  CHECK(generate({"--prompt", "User: 1+2=?", "--samples", "3", "--json"}).out == run.out);
  CHECK(generate({"--prompt", "User: 1+2=?", "--samples", "3", "--json", "--seed", "1"}).out != run.out);

  const auto tokenizer = model::load_tokenizer(tiny_model_folder());
  const auto prompt = tokenizer->encode("User: 1+2=?");
  std::string input;
  for (const auto& row : rows) {
    CHECK(row["prompt"] == "User: 1+2=?");
    const auto ids = row["ids"].get<std::vector<model::TokenId>>();
    CHECK(row["completion"] == base::repair_utf8(tokenizer->decode(ids, true)));
    CHECK(row["finish_reason"] == (ids.size() == 6 && ids.back() != tokenizer->eos_id() ? "length" : "eos"));
    auto whole = prompt;
    whole.insert(whole.end(), ids.begin(), ids.end());
    input += Json{{"ids", whole}}.dump() + "\n";
  }
  const auto scored = rows_of(lockstep({"logprobs", "--model", tiny_model_folder(), "--input", scratch.write("ids.jsonl", input)}));
  REQUIRE(scored.size() == 3);
  for (size_t i = 0; i < 3; ++i)
    for (size_t t = 0; t < rows[i]["logprobs"].size(); ++t) {
      const double ours = rows[i]["logprobs"][t], learner = scored[i]["logprobs"][prompt.size() - 1 + t];
      CHECK(std::abs(ours - learner) <= 1e-5);
    }
}

TEST_CASE("generate: greedy completions of a file's rows, with format and prefill, as plain text") {
  const ScratchFolder scratch;
  const auto input = scratch.write("rows.jsonl", "{\"prompt\": \"User: 1+2=?\"}\n{\"prompt\": \"User: 3+4=?\"}\n");
  const auto json = rows_of(generate({"--input", input, "--temperature", "0", "--prefill", "<think>", "--json"}));
  REQUIRE(json.size() == 2);
  CHECK(json[1]["prompt"] == "User: 3+4=?");
  CHECK(json[0]["completion"].get<std::string>().starts_with("<think>"));
  const auto plain = generate({"--input", input, "--temperature=0", "--prefill", "<think>"});
  CHECK(plain.out == cat(json[0]["completion"].get<std::string>(), "\n", json[1]["completion"].get<std::string>(), "\n"));
}

TEST_CASE("generate: wrong use is refused before the model is opened") {
  const std::vector<std::string> missing = {"generate", "--model", "no/such/model"};
  const auto refused = [&](std::vector<std::string> more, int code, const std::string& what, const std::string& where, const std::string& fix) {
    more.insert(more.begin(), missing.begin(), missing.end());
    expect_failure(more, code, what, where, fix);
  };
  refused({}, 2, "exactly one of --prompt and --input is needed", "lockstep generate", "give a text, or a file of rows");
  refused({"--prompt", "a", "--input", "b"}, 2, "exactly one of --prompt and --input is needed", "lockstep generate", "give a text");
  refused({"--prompt", "a", "--temperature", "hot"}, 2, "--temperature is no number: hot", "lockstep generate", "give a decimal number");
  refused({"--prompt", "a", "--top-p", "1.5"}, 1, "value 1.5 is out of range: 0 to 1", "/sampling/top_p", "");
  expect_failure({"generate", "--prompt", "a"}, 2, "--model is missing", "lockstep generate", "give --model PATH");
}

TEST_CASE("generate: a model without tokenizer, an empty prompt and an unknown format are Errors") {
  const std::string llama = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/models/llama";
  expect_failure({"generate", "--model", llama, "--prompt", "a"}, 1, "the model has no tokenizer", llama, "put its tokenizer.json");
  expect_failure({"generate", "--model", tiny_model_folder(), "--prompt", ""}, 1, "the prompt is empty: there is nothing to predict from",
                 "request 0", "begin the prompt with a token");
  const auto run = generate({"--prompt", "a", "--format", "chatmll"});
  CHECK(run.exit_code == 1);
  CHECK(contains(run.err, "chatmll"));
  CHECK_FALSE(contains(run.err, "fault in Lockstep"));
}

}  // namespace lockstep::test
