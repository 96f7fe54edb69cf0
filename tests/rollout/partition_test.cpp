// SPDX-License-Identifier: Apache-2.0
// Every sample goes to exactly one lane, and the lanes have similar work.
#include "rollout/partition.h"

#include <doctest/doctest.h>

namespace lockstep::rollout {
namespace {

std::vector<Request> requests_of(const std::vector<int>& prompt_lengths, int num_samples) {
  std::vector<Request> requests;
  for (const int length : prompt_lengths) {
    requests.emplace_back();
    requests.back().prompt.assign(static_cast<size_t>(length), 1);
    requests.back().num_samples = num_samples;
  }
  return requests;
}

TEST_CASE("partition: every sample is drawn by exactly one lane") {
  for (const int num_requests : {1, 2, 3, 8})
    for (const int num_samples : {1, 2, 7})
      for (const int num_lanes : {1, 2, 5}) {
        const auto requests = requests_of(std::vector<int>(static_cast<size_t>(num_requests), 10), num_samples);
        const auto lanes = partition(requests, {}, 1000, num_lanes);
        CHECK(lanes.size() == static_cast<size_t>(num_lanes));
        std::vector<std::vector<int>> drawn(requests.size(), std::vector<int>(static_cast<size_t>(num_samples), 0));
        for (const auto& lane : lanes)
          for (const Share& share : lane) {
            if (num_requests >= num_lanes) CHECK(share.end - share.begin == num_samples);
            for (int s = share.begin; s < share.end; ++s) ++drawn[share.request][static_cast<size_t>(s)];
          }
        for (const auto& counts : drawn) CHECK(counts == std::vector<int>(static_cast<size_t>(num_samples), 1));
      }
}

TEST_CASE("partition: long requests are spread") {
  SamplingConfig sampling;
  sampling.max_completion_length = 10;
  const auto lanes = partition(requests_of({500, 500, 1, 1, 1, 1}, 1), sampling, 1000, 2);
  for (const auto& lane : lanes) CHECK(lane.size() == 3);
  CHECK(lanes[0][0].request == 0);
  CHECK(lanes[1][0].request == 1);
}

TEST_CASE("partition: few requests are cut by samples") {
  const auto lanes = partition(requests_of({10}, 16), {}, 1000, 2);
  CHECK(lanes[0][0].end == 8);
  CHECK(lanes[1][0].begin == 8);
}

TEST_CASE("partition: a prompt that outweighs its samples is computed once") {
  SamplingConfig sampling;
  sampling.max_completion_length = 128;
  const auto lanes = partition(requests_of({512}, 8), sampling, 2048, 2);
  CHECK(lanes[0].size() == 1);
  CHECK(lanes[0][0].end == 8);
  CHECK(lanes[1].empty());
  CHECK(partition(requests_of({128}, 8), sampling, 2048, 2)[1].size() == 1);
}

TEST_CASE("partition: the context bounds new tokens") {
  SamplingConfig sampling;
  sampling.max_completion_length = 100;
  CHECK(max_new_tokens(requests_of({50}, 1)[0], sampling, 120) == 70);
  CHECK(max_new_tokens(requests_of({10}, 1)[0], sampling, 120) == 100);
}

}  // namespace
}  // namespace lockstep::rollout
