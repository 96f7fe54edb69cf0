// SPDX-License-Identifier: Apache-2.0
// `lockstep bench rollout`: every figure that it names is there and possible.
#include "base/json.h"
#include "tests/cli/lockstep.h"
#include "tests/cli/tiny_model_folder.h"

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

TEST_CASE("bench rollout: wrong use is refused") {
  expect_failure({"bench", "rollout"}, 2, "--model is missing", "lockstep bench rollout", "give --model PATH");
  expect_failure({"bench", "rollout", "--model", "x", "--new-tokens", "1"}, 2, "--new-tokens is 1", "lockstep bench rollout",
                 "give an integer from 2 to 1048576");
}

}  // namespace lockstep::test
