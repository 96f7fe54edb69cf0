// SPDX-License-Identifier: Apache-2.0
// The probe fits any model, and one bit of difference is found and told.
#include "rollout/remote/parity.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "tests/rollout/remote/fake_model.h"

namespace lockstep::rollout::remote {
namespace {

TEST_CASE("parity: the probe is the same everywhere and within the vocabulary") {
  for (const int64_t vocab_size : {1, 2, 300, 150'000}) {
    const Probe probe = make_probe(vocab_size), again = make_probe(vocab_size);
    REQUIRE(probe.requests.size() == 2);
    for (size_t r = 0; r < 2; ++r) {
      CHECK(probe.requests[r].prompt == again.requests[r].prompt);
      CHECK(probe.requests[r].num_samples == 2);
      for (const TokenId id : probe.requests[r].prompt) CHECK((id >= 0 && id < vocab_size));
    }
    CHECK(probe.sampling.max_completion_length == 16);
    CHECK(probe.sampling.temperature == 1);
  }
}

Group drawn() {
  const Completion completion{{3, 5}, {-1.5f, -0.25f}, FinishReason::length, 1};
  return {{completion, completion}};
}

TEST_CASE("parity: one unit in the last place of one log-probability is told with both bit patterns") {
  CHECK_FALSE(find_difference(drawn(), drawn()));
  Group other = drawn();
  other.completions[1].logprobs[1] = std::nextafter(-0.25f, 0.0f);
  const std::string told = find_difference(drawn(), other).value();
  CHECK(told.find("sample 1, position 1: token 5") != std::string::npos);
  CHECK(told.find("bits 0xbe7fffff") != std::string::npos);
  CHECK(told.find("here token 5 with log-probability -0.25 (bits 0xbe800000)") != std::string::npos);
}

TEST_CASE("parity: other tokens, lengths and counts are differences") {
  const auto told = [](const auto& change) {
    Group other = drawn();
    change(other);
    return find_difference(drawn(), other).value_or("none");
  };
  CHECK(told([](Group& g) { g.completions[0].ids[0] = 4; }).find("token 4") != std::string::npos);
  CHECK(told([](Group& g) { g.completions[0].ids.pop_back(); }).find("1 tokens and 2") != std::string::npos);
  CHECK(told([](Group& g) { g.completions[0].logprobs.pop_back(); }).find("2 tokens and 1") != std::string::npos);
  CHECK(told([](Group& g) { g.completions[0].ids.push_back(1); }).find("3 tokens") != std::string::npos);
  CHECK(told([](Group& g) { g.completions.pop_back(); }) == "1 completions, here 2");
  CHECK(told([](Group& g) { g.completions[1].experts = {3}; }) == "sample 1, other experts");
  CHECK(told([](Group& g) { g.completions[1].finish = FinishReason::eos; }).find("finish") != std::string::npos);
  CHECK(told([](Group& g) { g.completions[0].weight_version = 8; }) == "none");  // versions are the trainer's affair
}

}  // namespace
}  // namespace lockstep::rollout::remote
