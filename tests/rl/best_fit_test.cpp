// SPDX-License-Identifier: Apache-2.0
// Best-Fit Decreasing: its laws on random lengths, and TRL's own packing chunk by chunk.
#include "rl/best_fit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "tests/support/errors.h"

namespace lockstep::test {
namespace {

using Lengths = std::vector<uint32_t>;

Lengths random_lengths(uint64_t seed, uint32_t capacity) {
  base::Random random(seed, "lengths");
  Lengths lengths(1 + random.below(300));
  const uint64_t most = 1 + random.below(capacity);
  for (auto& length : lengths) length = static_cast<uint32_t>(1 + random.below(most));
  return lengths;
}

// First-Fit as it is said: one chunk after the other is asked.
size_t first_fit_ref(const Lengths& lengths, uint32_t capacity) {
  Lengths rooms;
  for (const uint32_t length : lengths) {
    auto room = std::find_if(rooms.begin(), rooms.end(), [&](uint32_t r) { return r >= length; });
    if (room == rooms.end()) room = rooms.insert(rooms.end(), capacity);
    *room -= length;
  }
  return rooms.size();
}

}  // namespace

TEST_CASE("best fit: every sequence once, no chunk above its places, never more than twice the least and no two chunks that fit into one") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const uint32_t capacity = 1 + static_cast<uint32_t>(seed * 7 % 120);
    const Lengths lengths = random_lengths(seed, capacity);
    const auto chunks = rl::best_fit_decreasing(lengths, capacity);
    std::vector<size_t> seen;
    std::vector<uint64_t> used;
    for (const auto& chunk : chunks) {
      used.push_back(0);
      for (const size_t i : chunk) used.back() += lengths[i];
      seen.insert(seen.end(), chunk.begin(), chunk.end());
      CHECK(std::is_sorted(chunk.begin(), chunk.end(), [&](size_t a, size_t b) { return lengths[a] > lengths[b]; }));
    }
    std::sort(seen.begin(), seen.end());
    std::vector<size_t> all(lengths.size());
    std::iota(all.begin(), all.end(), size_t{0});
    CHECK(seen == all);
    CHECK(*std::max_element(used.begin(), used.end()) <= capacity);
    std::sort(used.begin(), used.end());
    if (used.size() > 1) CHECK(used[0] + used[1] > capacity);
    CHECK(rl::first_fit_count(lengths, capacity) == first_fit_ref(lengths, capacity));
  }
}

TEST_CASE("best fit: TRL's pack_dataset makes the same chunks in the same order") {
  const auto cases = base::parse_json_file(LOCKSTEP_SOURCE_DIR "/tests/fixtures/packing/trl_bfd.json");
  REQUIRE(cases.size() == 6);
  for (const auto& c : cases) {
    CAPTURE(c["name"].get<std::string>());
    const auto chunks = rl::best_fit_decreasing(c["lengths"].get<Lengths>(), c["capacity"].get<uint32_t>());
    CHECK(chunks == c["chunks"].get<std::vector<std::vector<size_t>>>());
  }
}

TEST_CASE("best fit: no lengths, no chunks; a length of none or above the places is a programmer's error") {
  CHECK(rl::best_fit_decreasing({}, 8).empty());
  CHECK(rl::first_fit_count({}, 8) == 0);
  check_error([] { rl::best_fit_decreasing({9}, 8); }, "lengths are 1 to 8", "", "");
  check_error([] { rl::first_fit_count({0}, 8); }, "lengths are 1 to 8", "", "");
}

}  // namespace lockstep::test
