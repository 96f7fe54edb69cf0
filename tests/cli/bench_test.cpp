// SPDX-License-Identifier: Apache-2.0
// `lockstep bench rollout`, `bench step` and `bench kernels`: every figure that they name is there and possible.
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "cli/bench_seconds.h"
#include "tests/cli/lockstep.h"
#include "tests/cli/tiny_model_folder.h"
#include "tests/support/errors.h"

namespace lockstep::test {

TEST_CASE("bench rollout: all figures as JSON, and the same as lines") {
  const std::vector<std::string> words = {"bench", "rollout", "--model", tiny_model_folder(), "--prompts", "2", "--group", "3",
                                          "--prompt-tokens", "9", "--new-tokens", "40", "--repeats", "2"};
  auto with_json = words;
  with_json.push_back("--json");
  const auto run = lockstep(with_json);
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  const auto figures = base::parse_json(run.out, "output");
  for (const char* key : {"decode_tokens_per_s", "prefill_tokens_per_s", "decode_roofline_share", "peak_gflops_bf16", "peak_gflops_f32",
                          "read_gb_per_s", "peak_rss_bytes"}) {
    CAPTURE(key);
    CHECK(figures[key] > 0);
  }
  CHECK(figures["decode_roofline_share"] < 1);
  CHECK(figures["prompts"] == 2);
  const auto lines = lockstep(words);
  CHECK(contains(lines.out, " of the roofline\n"));
  CHECK(contains(lines.out, "GB/s read\n"));
}

TEST_CASE("bench rollout: the decode is what the whole takes beyond the first token, or an error") {
  const auto seconds = cli::split_seconds(0.25, 1.0, 128);
  CHECK(seconds.prefill == 0.25);
  CHECK(seconds.decode == 0.75);
  for (const double whole : {0.25, 0.2})
    check_error([&] { cli::split_seconds(0.25, whole, 2); }, cat("2 new tokens took ", base::fixed(whole * 1e3, 2), " ms, one took 250.00 ms"),
                "bench rollout", "more --new-tokens or more --repeats");
}

TEST_CASE("bench rollout: wrong use is refused") {
  expect_failure({"bench", "rollout"}, 2, "--model is missing", "lockstep bench rollout", "give --model PATH");
  expect_failure({"bench", "rollout", "--model", "x", "--new-tokens", "1"}, 2, "--new-tokens is 1", "lockstep bench rollout",
                 "give an integer from 2 to 1048576");
  expect_failure({"bench", "rollout", "--model", "x", "--draft", "luck"}, 2, "unknown --draft luck", "lockstep bench rollout",
                 "use auto or mtp or lookup or none");
}

TEST_CASE("bench step: the parts of a step make the whole, sampler and learner agree, and the same as lines") {
  const std::vector<std::string> words = {"bench", "step", "--model", tiny_model_folder(), "--prompts", "2", "--group", "4",
                                          "--prompt-tokens", "9", "--new-tokens", "12", "--repeats", "1", "--loss", R"({"beta": 0.04})"};
  auto with_json = words;
  with_json.push_back("--json");
  const auto run = lockstep(with_json);
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  const auto figures = base::parse_json(run.out, "output");
  double parts = 0;
  for (const char* key : {"rollout_s", "reward_s", "forward_s", "backward_s", "optimizer_s"}) {
    CAPTURE(key);
    CHECK(figures[key] > 0);
    parts += figures[key].get<double>();
  }
  CHECK(parts <= figures["step_s"].get<double>());
  CHECK(figures["step_roofline_share"] > 0);
  CHECK(figures["step_roofline_share"] < 1);
  CHECK(figures["logp_difference_max"] == 0);
  CHECK(figures["beta"] == 0.04);
  const auto lines = lockstep(words);
  CHECK(contains(lines.out, " of the roofline, "));
  CHECK(contains(lines.out, "\nbackward "));
}

TEST_CASE("bench step: wrong use is refused") {
  expect_failure({"bench", "step", "--model", "x", "--loss", "{"}, 1,
                 "JSON is not valid: unexpected end of input; expected string literal", "--loss:1:2", "correct the JSON text at this place");
  expect_failure({"bench", "step", "--model", "x", "--loss", R"({"bata": 1})"}, 1, "unknown key \"bata\"", "/grpo/loss/bata",
                 "did you mean \"beta\"?");
}

TEST_CASE("bench kernels: each operation of the model, with its share of the roofline") {
  const std::vector<std::string> words = {"bench", "kernels", "--model", tiny_model_folder(), "--rows", "1", "--rows", "5", "--context", "9",
                                          "--repeats", "1"};
  for (const char* quantization : {"none", "q8_0"}) {
    auto with_json = words;
    with_json.insert(with_json.end(), {"--quantization", quantization, "--json"});
    const auto run = lockstep(with_json);
    CAPTURE(run.err);
    REQUIRE(run.exit_code == 0);
    const auto figures = base::parse_json(run.out, "output");
    CHECK(figures["quantization"] == quantization);
    std::set<std::string> kernels;
    for (const auto& row : figures["cases"]) {
      kernels.insert(row["kernel"].get<std::string>());
      for (const char* key : {"us", "gflops", "gb_per_s", "roofline_share"}) CHECK(row[key] > 0);
    }
    for (const char* name : {"linear qkv_a", "linear o", "attention", "linear gate_up", "linear down", "logits", "rms_norm", "swiglu"})
      CHECK(kernels.count(name) == 1);
  }
  CHECK(contains(lockstep(words).out, " of the roofline\n"));
  expect_failure({"bench", "kernels", "--model", "x", "--rows", "0"}, 2, "--rows is no number from 1 to 65536: 0", "lockstep bench kernels",
                 "e.g. --rows 1");
}

TEST_CASE("worker: wrong use is refused, and a trainer that is not there waited for no longer than told") {
  expect_failure({"worker"}, 2, "--connect is missing", "lockstep worker", "give --connect ENDPOINT");
  expect_failure({"worker", "--connect", "tcp://10.0.0.1:5570"}, 1, "this endpoint reaches beyond this machine, and there are no keys",
                 "tcp://10.0.0.1:5570", "make keys with `lockstep keygen NAME`");
  expect_failure({"worker", "--connect", "tcp://127.0.0.1:5570", "--key", "/nowhere.key"}, 1, "the key file is missing", "/nowhere.key",
                 "make one with `lockstep keygen NAME`");
  const auto alone = lockstep({"worker", "--connect", "tcp://127.0.0.1:1", "--give-up", "1"});
  CHECK(alone.exit_code == 1);
  CHECK(contains(alone.err, "lockstep: error: the trainer has been silent for 1.0 s\n  where: tcp://127.0.0.1:1\n"));
}

}  // namespace lockstep::test
