// SPDX-License-Identifier: Apache-2.0
// `lockstep convert`: there and back with equal tensors, types, and what is refused.
#include <ATen/TensorOperators.h>

#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "model/tensor_names.h"
#include "tests/cli/lockstep.h"
#include "tests/cli/tiny_model_folder.h"

namespace lockstep::test {
namespace {

const std::string kModels = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/models/";

// Largest difference over all tensors of the first model; the second one has them too, or opening them is an Error.
double distance(const std::string& a, const std::string& b) {
  const auto x = model::open_model(a), y = model::open_model(b);
  double largest = 0;
  for (const auto& spec : model::expected_tensors(x.config)) {
    const auto difference = (x.tensors->tensor(spec.name).to(at::kDouble) - y.tensors->tensor(spec.name).to(at::kDouble)).abs().max();
    largest = std::max(largest, difference.item<double>());
  }
  return largest;
}

void convert(const std::string& from, const std::string& to, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"convert", "--model", from, "--output", to});
  const auto run = lockstep(more);
  CAPTURE(run.err);
  CHECK(run.exit_code == 0);
  CHECK(run.out == to + "\n");
}

}  // namespace

TEST_CASE("convert: folder to GGUF f32 to folder gives the same tensors for every family that GGUF holds") {
  for (const std::string family : {"llama", "llama_tied", "qwen2", "qwen3"}) {
    CAPTURE(family);
    const ScratchFolder scratch;
    convert(kModels + family, scratch.path("m.gguf"), {"--type", "f32"});
    convert(scratch.path("m.gguf"), scratch.path("back"));
    CHECK(distance(kModels + family, scratch.path("back")) == 0);
  }
}

TEST_CASE("convert: a narrower type changes a weight by no more than its rounding, and says so in its size") {
  const ScratchFolder scratch;
  convert(kModels + "qwen2", scratch.path("f32.gguf"), {"--type", "f32"});
  convert(kModels + "qwen2", scratch.path("bf16.gguf"));
  convert(kModels + "qwen2", scratch.path("f16"), {"--type", "f16"});
  CHECK(distance(kModels + "qwen2", scratch.path("bf16.gguf")) > 0);
  CHECK(distance(kModels + "qwen2", scratch.path("bf16.gguf")) < 0.01);
  CHECK(distance(kModels + "qwen2", scratch.path("f16")) < 0.002);
  CHECK(std::filesystem::file_size(scratch.path("bf16.gguf")) < std::filesystem::file_size(scratch.path("f32.gguf")));
}

TEST_CASE("convert: a model folder keeps its tokenizer") {
  const ScratchFolder scratch;
  convert(tiny_model_folder(), scratch.path("copy"));
  CHECK(base::read_file(scratch.path("copy/tokenizer.model")) == base::read_file(tiny_model_folder() + "/tokenizer.model"));
  CHECK(distance(tiny_model_folder(), scratch.path("copy")) == 0);
}

TEST_CASE("convert: what cannot be done is refused before anything is written") {
  const ScratchFolder scratch;
  const auto refused = [&](std::vector<std::string> more, int code, const std::string& what, const std::string& where, const std::string& fix) {
    more.insert(more.begin(), "convert");
    expect_failure(more, code, what, where, fix);
  };
  const std::string llama = kModels + "llama", out = scratch.path("out");
  refused({"--model", llama, "--output", out, "--type", "q8_0"}, 2, "unknown --type q8_0 for a model folder", "lockstep convert", "use f32, f16 or bf16, or write a .gguf file for q8_0");
  refused({"--model", llama, "--output", out + ".gguf", "--type", "q4_0"}, 2, "unknown --type q4_0 for a GGUF file", "lockstep convert", "use f32, f16, bf16 or q8_0");
  refused({"--model", llama, "--output", scratch.path()}, 1, "the output exists already", scratch.path(), "name a new file or folder");
  CHECK_FALSE(std::filesystem::exists(out));
  const auto run = lockstep({"convert", "--model", kModels + "deepseek_v3", "--output", out + ".gguf"});
  CHECK(run.exit_code == 1);
  CHECK(contains(run.err, "deepseek_v3"));
  CHECK(contains(run.err, "write a Hugging Face folder"));
  CHECK_FALSE(std::filesystem::exists(out + ".gguf"));
}

}  // namespace lockstep::test
