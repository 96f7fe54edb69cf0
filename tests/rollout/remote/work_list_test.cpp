// SPDX-License-Identifier: Apache-2.0
// Units cover a call once, and shrink as it goes on.
#include "rollout/remote/work_list.h"

#include <doctest/doctest.h>

#include <numeric>

#include "base/rng.h"
#include "tests/rollout/remote/fake_model.h"

namespace lockstep::rollout::remote {
namespace {

// How often each sample of each request is in `units`.
std::vector<std::vector<int>> coverage(const std::vector<Request>& requests,
                                       const WorkList& list,
                                       const std::vector<size_t>& units) {
  std::vector<std::vector<int>> counts;
  for (const Request& request : requests) counts.emplace_back(static_cast<size_t>(request.num_samples), 0);
  for (const size_t number : units) {
    const Unit& unit = list.unit(number);
    for (int s = 0; s < unit.num_samples; ++s) ++counts[unit.request].at(static_cast<size_t>(unit.first_sample + s));
  }
  return counts;
}

bool covers_once(const std::vector<Request>& requests, const WorkList& list, const std::vector<size_t>& units) {
  for (const auto& request : coverage(requests, list, units))
    for (const int count : request)
      if (count != 1) return false;
  return true;
}

std::vector<Request> equal_requests(size_t count, int num_samples) {
  std::vector<Request> requests(count);
  for (Request& request : requests) request.prompt = {1}, request.num_samples = num_samples;
  return requests;
}

int samples_of(const WorkList& list, const std::vector<size_t>& units) {
  return std::accumulate(units.begin(), units.end(), 0,
                         [&](int sum, size_t unit) { return sum + list.unit(unit).num_samples; });
}

TEST_CASE("work list: however many workers ask, every sample is handed out once") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    base::Random random(seed, "askers");
    const auto requests = fake_requests(1 + random.below(20), seed);
    WorkList list(requests, random.between(1, 500));
    std::vector<size_t> all;
    while (true) {
      const auto batch = list.take(1 + random.below(6));
      if (batch.empty()) break;
      all.insert(all.end(), batch.begin(), batch.end());
    }
    CHECK(covers_once(requests, list, all));
    CHECK(list.num_units() == all.size());
    for (const size_t unit : all) {
      CHECK_FALSE(list.is_done());
      CHECK(list.finish(unit));
      CHECK_FALSE(list.finish(unit));
    }
    CHECK(list.is_done());
  }
}

TEST_CASE("work list: a worker alone gets whole requests, all of them") {
  const auto requests = fake_requests(9, 4);
  WorkList list(requests, 100);
  CHECK(list.take(1).size() == 9);
  CHECK(list.take(1).empty());
}

TEST_CASE("work list: of n workers each gets half of its share, and a request is cut only when it is worth more") {
  const auto many = equal_requests(64, 8);
  WorkList list(many, 100);
  CHECK(samples_of(list, list.take(4)) == 64);  // 512 / (2 * 4)
  CHECK(samples_of(list, list.take(4)) == 56);
  const auto one = equal_requests(1, 64);
  WorkList parts(one, 100);
  CHECK(samples_of(parts, parts.take(2)) == 16);
  CHECK(parts.unit(0).num_samples == 16);
  CHECK(samples_of(parts, parts.take(2)) == 12);
  CHECK(parts.unit(1).first_sample == 16);
}

TEST_CASE("work list: batches never grow, and the last ones are a small part of the call") {
  const auto requests = equal_requests(40, 8);
  WorkList list(requests, 64);
  std::vector<int> sizes;
  for (auto batch = list.take(3); !batch.empty(); batch = list.take(3)) sizes.push_back(samples_of(list, batch));
  for (size_t i = 1; i < sizes.size(); ++i) CHECK(sizes[i] <= sizes[i - 1] + 4);  // rounding to whole requests
  CHECK(sizes.back() <= 2);
  CHECK(sizes.size() < 40);
}

TEST_CASE("work list: what a lost worker had comes first, but for what is done") {
  const auto requests = equal_requests(4, 2);
  WorkList list(requests, 10);
  const auto lost = list.take(1);
  list.finish(lost[1]);
  for (const size_t unit : lost) list.give_back(unit);
  list.finish(lost[2]);  // its answer came after all
  CHECK(list.take(1) == std::vector<size_t>{lost[0], lost[3]});
  CHECK(list.take(1).empty());
}

TEST_CASE("work list: a call without requests is done") { CHECK(WorkList({}, 10).is_done()); }

}  // namespace
}  // namespace lockstep::rollout::remote
