// SPDX-License-Identifier: Apache-2.0
// Length rewards: their documented vectors, and what must hold for any lengths.
#include "rewards/length.h"

#include "base/rng.h"
#include "rewards/registry.h"
#include "tests/rewards/expect_error.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

struct Lengths {
  base::Json row = gold("42");
  std::vector<std::string> completions;
  std::vector<Sample> samples(const std::vector<std::pair<const char*, int64_t>>& list) {
    completions.assign(list.size(), "");
    std::vector<Sample> samples;
    for (size_t i = 0; i < list.size(); ++i) {
      completions[i] = list[i].first;
      samples.push_back({.completion = completions[i], .columns = &row, .num_tokens = list[i].second});
    }
    return samples;
  }
};

}  // namespace

TEST_CASE("length: the documented vectors of DAPO and of the cosine") {
  CHECK(soft_overlong(50, 100, 20) == 0);
  CHECK(soft_overlong(90, 100, 20) == -0.5);
  CHECK(soft_overlong(110, 100, 20) == -1);
  CHECK(soft_overlong(100, 100, 0) == 0);
  CHECK(soft_overlong(101, 100, 0) == -1);
  const LengthConfig config{.max_len = 100};
  CHECK(cosine_length(20, true, config) == doctest::Approx(0.952).epsilon(0.001));
  CHECK(cosine_length(80, true, config) == doctest::Approx(0.548).epsilon(0.001));
  CHECK(cosine_length(20, false, config) == doctest::Approx(-0.952).epsilon(0.001));
  CHECK(cosine_length(80, false, config) == doctest::Approx(-0.548).epsilon(0.001));
}

TEST_CASE("length: the punishment never grows with room to spare and the cosine stays within its bounds") {
  const LengthConfig config{.max_len = 1000};
  for (int64_t n = 0; n < 3000; ++n) {
    CHECK(soft_overlong(n + 1, 1000, 300) <= soft_overlong(n, 1000, 300));
    CHECK(cosine_length(n + 1, true, config) <= cosine_length(n, true, config));
    CHECK(cosine_length(n + 1, false, config) >= cosine_length(n, false, config));
    CHECK(cosine_length(n, true, config) >= 0.5);
    CHECK(cosine_length(n, false, config) <= -0.5);
  }
}

TEST_CASE("length kimi: shorter is never worse among equals, wrong answers gain nothing, equal lengths change nothing") {
  base::Random random(3, "kimi");
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> lengths;
    std::vector<bool> is_correct;
    for (size_t i = 0; i < 2 + random.below(8); ++i) {
      lengths.push_back(random.between(1, 50));
      is_correct.push_back(random.chance(0.5));
    }
    const auto values = kimi_length(lengths, is_correct);
    for (size_t i = 0; i < lengths.size(); ++i) {
      CHECK(values[i] >= -0.5);
      CHECK(values[i] <= (is_correct[i] ? 0.5 : 0.0));
      for (size_t j = 0; j < lengths.size(); ++j) {
        if (is_correct[i] == is_correct[j] && lengths[i] <= lengths[j]) CHECK(values[i] >= values[j]);
      }
    }
  }
  CHECK(kimi_length(std::vector<int64_t>{7, 7, 7}, {true, false, true}) == std::vector<double>{0, 0, 0});
  CHECK(kimi_length(std::vector<int64_t>{10, 20, 30, 10}, {true, true, true, false}) == std::vector<double>{0.5, 0, -0.5, 0});
  CHECK(kimi_length(std::vector<int64_t>{}, {}).empty());
}

TEST_CASE("length: kimi compares the completions of a group; a sample whose correctness is unknown has no value") {
  Lengths lab;
  const auto kimi = make_reward({.type = "length", .options = {{"rule", "kimi"}}}, 0, "/r");
  const auto scores = kimi->score_batch(lab.samples({{"\\boxed{42}", 10}, {"\\boxed{42}", 30}, {"\\boxed{1}", 10}, {"", 30}}));
  CHECK(scores[0].value == 0.5);
  CHECK(scores[1].value == -0.5);
  CHECK(scores[2].value == 0);
  CHECK(scores[3].value == -0.5);
  lab.row = base::Json::object();
  for (const Score& score : kimi->score_batch(lab.samples({{"\\boxed{42}", 10}, {"x", 30}}))) CHECK(score.status == Status::skip);
  lab.row = gold("42");
  CHECK(kimi->score(lab.samples({{"\\boxed{42}", 10}})[0]).value == 0);
}

TEST_CASE("length: by default the number of tokens, and options are checked") {
  Lengths lab;
  const auto tokens = make_reward({.type = "length"}, 0, "/r");
  CHECK(tokens->score(lab.samples({{"x", 17}})[0]).value == 17);
  expect_error([] { make_reward({.type = "length", .options = {{"rule", "soft_overlong"}, {"max_completion_len", 10}}}, 0, "/r"); },
               "soft_punish_cache 4096 is larger than max_completion_len 10", "/r/options/soft_punish_cache", "give a cache");
  expect_error([] { make_reward({.type = "length", .options = {{"rule", "kimi"}, {"correct", {{"type", "acuracy"}}}}}, 0, "/r"); },
               "unknown reward type \"acuracy\"", "/r/options/correct/type", "did you mean");
}

}  // namespace lockstep::rewards
