// SPDX-License-Identifier: Apache-2.0
// The scripted engine keeps the promises of the interface that it stands in for.
#include "tests/support/fake_engine.h"

#include <doctest/doctest.h>

namespace lockstep::rollout {
namespace {

TEST_CASE("fake engine: completions come from the script, in order, under the published version") {
  test::FakeEngine engine([](const Request& request, int sample, uint64_t) {
    return Completion{{request.prompt[0], sample}, {-1.0f, -2.0f}, FinishReason::eos, 0};
  });
  engine.publish(3);
  std::vector<Request> requests(2);
  requests[0].prompt = {8};
  requests[1].prompt = {9, 9};
  requests[1].num_samples = 2;
  std::vector<size_t> finished;
  const auto groups = engine.generate(requests, {}, 5, [&](size_t r, const Group&) { finished.push_back(r); });
  CHECK(groups[1].completions[1].ids == std::vector<TokenId>{9, 1});
  CHECK(groups[1].completions[1].weight_version == 3);
  CHECK(finished == std::vector<size_t>{0, 1});
  CHECK(engine.stats().new_tokens == 6);
  CHECK(engine.stats().prompt_tokens == 3);
  CHECK(engine.calls.at(0).seed == 5);
}

}  // namespace
}  // namespace lockstep::rollout
