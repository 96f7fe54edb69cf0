// SPDX-License-Identifier: Apache-2.0
// `lockstep logprobs`: the numbers of transformers for every family, and each wrong row with its file and line.
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/json.h"
#include "base/text.h"
#include "model/checkpoint_io.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {
namespace {

using base::Json;

const std::string kModels = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/models/";

std::vector<std::string> families() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kModels)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

template <class T>
std::vector<T> values_of(const Tensor& tensor) {
  return {tensor.const_data_ptr<T>(), tensor.const_data_ptr<T>() + tensor.numel()};
}

// Two sequences with their log-probabilities by transformers (tests/fixtures/make_model_fixtures.py).
struct Oracle {
  std::string rows;
  std::vector<std::vector<float>> logprobs;
};

Oracle oracle_of(const std::string& family) {
  const auto file = model::open_safetensors(kModels + family + "/oracle.safetensors");
  Oracle out;
  for (int i = 0; i < 2; ++i) {
    out.rows += Json{{"ids", values_of<int64_t>(file->tensor(cat("ids.", i)))}}.dump() + "\n";
    out.logprobs.push_back(values_of<float>(file->tensor(cat("logprobs.", i))));
  }
  return out;
}

// Largest |difference| between the printed rows and the oracle's; infinite when rows or numbers are missing.
double distance(const std::string& printed, const std::vector<std::vector<float>>& expected) {
  auto lines = base::split(printed, '\n');
  if (lines.size() != expected.size() + 1 || !lines.back().empty()) return INFINITY;
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto row = base::parse_json(lines[i], "output").at("logprobs").get<std::vector<double>>();
    if (row.size() != expected[i].size()) return INFINITY;
    for (size_t t = 0; t < row.size(); ++t) worst = std::max(worst, std::abs(row[t] - static_cast<double>(expected[i][t])));
  }
  return worst;
}

}  // namespace

TEST_CASE("logprobs: every family prints transformers' log-probabilities") {
  const ScratchFolder scratch;
  CHECK(families().size() >= 12);
  for (const auto& family : families()) {
    CAPTURE(family);
    const auto oracle = oracle_of(family);
    const auto run = lockstep({"logprobs", "--model", kModels + family, "--input", scratch.write("ids.jsonl", oracle.rows)});
    CAPTURE(run.err);
    CHECK(run.exit_code == 0);
    // The YaRN fixture's rope angles are rounded differently there: model/parity_test allows it the same.
    CHECK(distance(run.out, oracle.logprobs) <= (family == "deepseek_v3_yarn" ? 1e-4 : 2e-5));
  }
}

TEST_CASE("logprobs: --dtype bf16 computes in bf16: close to f32, and not the same") {
  const ScratchFolder scratch;
  for (const char* family : {"llama", "deepseek_v3"}) {
    CAPTURE(family);
    const auto oracle = oracle_of(family);
    const std::string input = scratch.write("ids.jsonl", oracle.rows);
    const auto run = lockstep({"logprobs", "--model", kModels + family, "--input", input, "--dtype", "bf16"});
    CAPTURE(run.err);
    CHECK(run.exit_code == 0);
    const double difference = distance(run.out, oracle.logprobs);
    CHECK(difference > 1e-4);
    CHECK(difference < 0.3);
  }
}

TEST_CASE("logprobs: a row of one id or none has no next token; empty lines are passed over") {
  const ScratchFolder scratch;
  const auto input = scratch.write("ids.jsonl", "{\"ids\": [3]}\n\n{\"ids\": []}\n");
  const auto run = lockstep({"logprobs", "--model", kModels + "llama", "--input", input});
  CHECK(run.exit_code == 0);
  CHECK(run.out == "{\"logprobs\":[]}\n{\"logprobs\":[]}\n");
}

TEST_CASE("logprobs: a wrong row is an Error with its file and line") {
  const ScratchFolder scratch;
  const std::vector<std::vector<std::string>> wrong = {
      {"{\"id\": [1]}", "the row has no list under \"ids\"", "write rows like {\"ids\": [1, 2, 3]}"},
      {"{\"ids\": 1}", "the row has no list under \"ids\"", "write rows like {\"ids\": [1, 2, 3]}"},
      {"{\"ids\": [1, -1]}", "not a token id: -1", "use integers from 0 to "},
      {"{\"ids\": [1, 99999999999]}", "not a token id: 99999999999", "use integers from 0 to "},
      {"{\"ids\": [1.5]}", "not a token id: 1.5", "use integers from 0 to "}};
  for (const auto& row : wrong) {
    CAPTURE(row[0]);
    const std::string input = scratch.write("ids.jsonl", "\n" + row[0] + "\n");
    expect_failure({"logprobs", "--model", kModels + "llama", "--input", input}, 1, row[1], input + ":2", row[2]);
  }
}

TEST_CASE("logprobs: wrong options and missing files") {
  const ScratchFolder scratch;
  const auto input = scratch.write("ids.jsonl", "{\"ids\": [1, 2]}\n");
  const std::string model = kModels + "llama";
  expect_failure({"logprobs", "--model", model, "--input", input, "--dtype", "f16"}, 2, "unknown --dtype f16", "lockstep logprobs", "use f32 or bf16");
  expect_failure({"logprobs", "--model", model, "--input", input, "--device", "tpu"}, 2, "unknown --device tpu", "lockstep logprobs", "use cpu or cuda");
  expect_failure({"logprobs", "--model", model}, 2, "--input is missing", "lockstep logprobs", "give --input FILE");
  for (const auto& [model_path, input_path] : std::vector<std::pair<std::string, std::string>>{{"no/such/model", input}, {model, "no/such/file"}}) {
    const auto run = lockstep({"logprobs", "--model", model_path, "--input", input_path});
    CAPTURE(run.err);
    CHECK(run.exit_code == 1);
    CHECK(contains(run.err, "where: no/such/"));
    CHECK_FALSE(contains(run.err, "fault in Lockstep"));
  }
}

}  // namespace lockstep::test
