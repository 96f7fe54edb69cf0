// SPDX-License-Identifier: Apache-2.0
// `lockstep check parity`: zero differences for models with and without a tokenizer, on every instruction set; wrong use.
#include "base/json.h"
#include "base/text.h"
#include "kernels/cpu/isa.h"
#include "tests/cli/lockstep.h"
#include "tests/cli/tiny_model_folder.h"

namespace lockstep::test {
namespace {

const std::string kModels = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/models/";

base::Json parity(std::vector<std::string> words, int exit_code = 0) {
  words.insert(words.begin(), {"check", "parity"});
  const auto run = lockstep(words);
  CAPTURE(run.err);
  CHECK(run.exit_code == exit_code);
  return base::parse_json(run.out, "output");
}

}  // namespace

TEST_CASE("check parity: random ids through a model without a tokenizer, f32 and bf16: no token differs") {
  for (const std::string dtype : {"f32", "bf16"}) {
    const auto report = parity({"--model", kModels + "deepseek_v3", "--dtype", dtype, "--count", "4", "--samples", "3", "--max-tokens", "9"});
    CHECK(report["tokens"] == 4 * 3 * 9);
    CHECK(report["different_tokens"] == 0);
    CHECK(report["max_difference"] == 0.0);
    CHECK(report["kernels"] == "native");
  }
}

TEST_CASE("check parity: rows of text and of ids") {
  const ScratchFolder scratch;
  const auto rows = scratch.write("rows.jsonl", "{\"text\": \"User: 1+2=?\"}\n{\"prompt\": \"3+4\"}\n{\"ids\": [5, 6, 7]}\n");
  const auto report = parity({"--model", tiny_model_folder(), "--prompts", rows, "--samples", "2", "--max-tokens", "7"});
  CHECK(report["tokens"] == 3 * 2 * 7);
  CHECK(report["different_tokens"] == 0);
}

TEST_CASE("check parity: completions are the same on every instruction set") {
  std::string expected;
  for (int i = 0; i <= static_cast<int>(kernels::cpu::best_isa()); ++i) {
    const std::string isa(kernels::cpu::isa_name(static_cast<kernels::cpu::Isa>(i)));
    CAPTURE(isa);
    const auto run = run_program("/usr/bin/env", {"LOCKSTEP_ISA=" + isa, LOCKSTEP_BINARY, "generate", "--model", tiny_model_folder(), "--prompt",
                                                  "User: 1+2=?", "--samples", "4", "--max-tokens", "12", "--json"});
    CHECK(run.exit_code == 0);
    if (expected.empty()) expected = run.out;
    CHECK(run.out == expected);
  }
  const auto run = run_program("/usr/bin/env", {"LOCKSTEP_ISA=avx10", LOCKSTEP_BINARY, "generate", "--model", tiny_model_folder(), "--prompt", "a"});
  CHECK(run.exit_code == 1);
  CHECK(contains(run.err, "unknown instruction set \"avx10\"\n  where: LOCKSTEP_ISA\n  fix:   use scalar, avx2, avx512f or avx512bf16"));
}

TEST_CASE("check parity: portable kernels are reported as such") {
  const auto run = lockstep({"check", "parity", "--model", kModels + "llama", "--kernels", "portable", "--count", "3", "--max-tokens", "20"});
  const auto report = base::parse_json(run.out, "output");
  CHECK(report["kernels"] == "portable");
  CHECK(report["max_difference"] <= 1e-4);
  CHECK(run.exit_code == (report["different_tokens"] == 0 ? 0 : 1));
}

TEST_CASE("check parity: rows that are neither text nor ids, text without a tokenizer, an unknown choice of kernels") {
  const ScratchFolder scratch;
  const auto odd = scratch.write("odd.jsonl", "{\"answer\": 3}\n"), text = scratch.write("text.jsonl", "{\"text\": \"a\"}\n"),
             real = scratch.write("real.jsonl", "{\"ids\": [1, 2.5]}\n");
  const auto refused = [&](std::vector<std::string> more, int code, const std::string& what, const std::string& where, const std::string& fix) {
    more.insert(more.begin(), {"check", "parity", "--model", kModels + "llama"});
    expect_failure(more, code, what, where, fix);
  };
  refused({"--prompts", odd}, 1, "the row has neither text nor ids", odd + ":1", "write rows like");
  refused({"--prompts", text}, 1, "the model has no tokenizer for the row's text", text + ":1", "give rows with \"ids\"");
  refused({"--prompts", real}, 1, "not a token id: 2.5", real + ":1", "write rows like");
  refused({"--kernels", "fast"}, 2, "unknown --kernels fast", "lockstep check parity", "use auto or portable");
}

}  // namespace lockstep::test
