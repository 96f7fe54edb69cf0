// SPDX-License-Identifier: Apache-2.0
// Stop strings are found wherever a search of the whole text finds them, however the text is cut into pieces.
#include "rollout/stop_strings.h"

#include <doctest/doctest.h>

#include "base/rng.h"
#include "tests/support/errors.h"

namespace lockstep::rollout {
namespace {

TEST_CASE("stop strings: the piece in which the first match ends is found, for every cut of the text") {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    base::Random random(seed, "stop");
    const auto text_of = [&](int64_t length) {
      std::string text;
      for (int64_t i = 0; i < length; ++i) text += static_cast<char>('a' + random.below(2));
      return text;
    };
    const std::vector<std::string> stops{text_of(random.between(1, 5)), text_of(random.between(2, 6))};
    const StopStrings matcher(stops, "stop");
    auto state = matcher.start();
    std::string text;
    for (int piece = 0; piece < 20; ++piece) {
      const std::string next = text_of(random.between(0, 4));
      text += next;
      const bool expected = text.find(stops[0]) != std::string::npos || text.find(stops[1]) != std::string::npos;
      REQUIRE(matcher.advance(state, next) == expected);
      if (expected) break;
    }
  }
}

TEST_CASE("stop strings: an empty one is refused") {
  test::check_error(
      [] {
        StopStrings({"a", ""}, "sampling.stop");
      },
      "stop string is empty", "sampling.stop/1", "remove it");
  CHECK(StopStrings({}, "sampling.stop").is_empty());
}

}  // namespace
}  // namespace lockstep::rollout
