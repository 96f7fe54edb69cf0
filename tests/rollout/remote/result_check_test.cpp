// SPDX-License-Identifier: Apache-2.0
// Completions that no engine would draw are seen, each by the rule that it breaks.
#include "rollout/remote/result_check.h"

#include <doctest/doctest.h>

#include <functional>
#include <limits>

namespace lockstep::rollout::remote {
namespace {

const SamplingConfig kSampling{.max_completion_length = 4};

Group good_group() {
  const Completion cut{{1, 2, 3, 4}, {-1, -2, 0, -0.5f}, FinishReason::length, 5, {0, 1, 0, 1, 0, 1, 0, 1}};
  const Completion ended{{1, 9}, {-1, 1e-6f}, FinishReason::eos, 5, {2, 3, 2, 3}};
  return {{cut, ended}};
}

std::string fault_after(const std::function<void(Group&)>& change, const SamplingConfig& sampling = kSampling) {
  Request request;
  request.stop_ids = {9};
  Group group = good_group();
  change(group);
  return find_fault(group, {request, sampling, 2, 10, 5, 2}).value_or("none");
}

void check_fault(const std::string& expected, const std::function<void(Group&)>& change) {
  const std::string fault = fault_after(change);
  INFO(fault);
  CHECK(fault.find(expected) != std::string::npos);
}

TEST_CASE("result check: what an engine draws passes") {
  CHECK(fault_after([](Group&) {}) == "none");
  SamplingConfig sampling = kSampling;
  sampling.stop = {"x"};
  CHECK(fault_after([](Group& g) { g.completions[0].finish = FinishReason::stop; }, sampling) == "none");
}

TEST_CASE("result check: each wrong completion is named with its value") {
  check_fault("3 completions, where 2", [](Group& g) { g.completions.push_back(g.completions[0]); });
  check_fault("0 completions", [](Group& g) { g.completions.clear(); });
  check_fault("completion 1: 0 tokens, where 1 to 4", [](Group& g) { g.completions[1].ids.clear(); });
  check_fault("completion 0: 5 tokens", [](Group& g) { g.completions[0].ids.push_back(1); });
  check_fault("1 log-probabilities of 2 tokens", [](Group& g) { g.completions[1].logprobs.pop_back(); });
  check_fault("token 2: id 10 is outside the vocabulary of 10", [](Group& g) { g.completions[0].ids[2] = 10; });
  check_fault("id -1 is outside", [](Group& g) { g.completions[0].ids[0] = -1; });
  check_fault("3 experts of 2 tokens with 2 each", [](Group& g) { g.completions[1].experts.pop_back(); });
  check_fault("version 4 of the weights, not 5", [](Group& g) { g.completions[1].weight_version = 4; });
  check_fault("which is no stop id", [](Group& g) { g.completions[1].ids[1] = 8; });
  check_fault("there are none", [](Group& g) { g.completions[0].finish = FinishReason::stop; });
  check_fault("it is unfinished", [](Group& g) { g.completions[0].finish = FinishReason::aborted; });
  check_fault("finish reason is unknown", [](Group& g) { g.completions[0].finish = static_cast<FinishReason>(9); });
}

TEST_CASE("result check: log-probabilities are finite and not above 0") {
  using Limits = std::numeric_limits<float>;
  for (const float wrong : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), 0.1f})
    check_fault("is no log-probability", [=](Group& g) { g.completions[0].logprobs[1] = wrong; });
}

}  // namespace
}  // namespace lockstep::rollout::remote
