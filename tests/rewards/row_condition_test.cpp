// SPDX-License-Identifier: Apache-2.0
// `where` of a reward: it changes nothing on the rows it names and is silent on all others, one by one and in batches.
#include "rewards/row_condition.h"

#include <doctest/doctest.h>

#include <atomic>

#include "base/text.h"
#include "rewards/builtin.h"
#include "rewards/combined.h"
#include "rewards/row_check.h"
#include "tests/rewards/expect_error.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

using base::Json;

std::unique_ptr<Reward> reward_where(const Json& where, const std::string& type = "accuracy") {
  return make_reward({.type = type, .where = where}, 0, "/rewards/0");
}

// Counts the samples that reach it, and wants them as a batch.
class Counting final : public NamedReward {
 public:
  explicit Counting(std::atomic<int>& calls, std::atomic<int>& samples) : NamedReward("counting"), calls_(calls), samples_(samples) {}
  bool scores_each_alone() const override { return false; }
  Score score(const Sample& sample) const override { return score_batch({&sample, 1})[0]; }
  std::vector<Score> score_batch(std::span<const Sample> batch) const override {
    ++calls_;
    samples_ += static_cast<int>(batch.size());
    std::vector<Score> scores;
    for (const Sample& sample : batch) scores.push_back({.value = static_cast<double>(sample.num_tokens)});
    return scores;
  }

 private:
  std::atomic<int>&calls_, &samples_;
};

const Json kSum = {{"answer", "22"}, {"task", "chain_sum"}, {"level", 1}};
const Json kFollow = {{"answer", "22"}, {"task", "follow"}, {"level", 2}};

}  // namespace

TEST_CASE("where: on the rows it names a reward is what it is without, on all others it skips") {
  const auto always = reward_where(Json::object()), sums = reward_where({{"task", {"chain_sum"}}});
  for (const char* completion : {"\\boxed{22}", "\\boxed{21}", "none", "<answer>22</answer>"}) {
    CHECK(score_text(*sums, completion, kSum).value == score_text(*always, completion, kSum).value);
    CHECK(score_text(*sums, completion, kSum).status == score_text(*always, completion, kSum).status);
    CHECK(score_text(*always, completion, kFollow).status == Status::ok);
    const Score skipped = score_text(*sums, completion, kFollow);
    CHECK(skipped.status == Status::skip);
    CHECK(skipped.detail == "only where task is chain_sum");
  }
  CHECK(sums->name() == "accuracy");
}

TEST_CASE("where: every column must have one of its values; numbers are numbers, a missing column and null meet nothing") {
  const RowCondition condition(Json{{"task", {"chain_sum", "products"}}, {"level", 1.0}}, "/where");
  CHECK(condition.is_met_by(kSum));
  CHECK(condition.is_met_by({{"task", "products"}, {"level", 1}, {"other", nullptr}}));
  CHECK_FALSE(condition.is_met_by(kFollow));
  CHECK_FALSE(condition.is_met_by({{"task", "chain_sum"}}));
  CHECK_FALSE(condition.is_met_by({{"task", "chain_sum"}, {"level", nullptr}}));
  CHECK_FALSE(condition.is_met_by({{"task", "chain_sum"}, {"level", "1"}}));
  CHECK_FALSE(condition.is_met_by({{"task", Json::array({"chain_sum"})}, {"level", 1}}));
  CHECK_FALSE(condition.is_met_by(Json::array()));
  CHECK(condition.text() == "level is 1.0 and task is chain_sum or products");
  CHECK(RowCondition(Json::object(), "").is_met_by(Json::object()));
  CHECK(RowCondition(Json{{"is_code", false}}, "").is_met_by({{"is_code", false}}));
}

TEST_CASE("where: a reward that takes batches gets those of its rows as one batch, and no call without any") {
  std::atomic<int> calls = 0, samples = 0;
  const auto reward = make_conditional_reward(std::make_unique<Counting>(calls, samples), RowCondition(Json{{"task", "follow"}}, "/where"));
  const std::vector<Sample> mixed = {{.prompt = "", .completion = "a", .columns = &kSum, .num_tokens = 1},
                                     {.prompt = "", .completion = "b", .columns = &kFollow, .num_tokens = 2},
                                     {.prompt = "", .completion = "c", .columns = nullptr, .num_tokens = 3},
                                     {.prompt = "", .completion = "d", .columns = &kFollow, .num_tokens = 4}};
  const auto scores = reward->score_batch(mixed);
  CHECK(calls == 1);
  CHECK(samples == 2);
  CHECK(scores[0].status == Status::skip);
  CHECK(scores[1].value == 2);
  CHECK(scores[2].status == Status::skip);
  CHECK(scores[3].value == 4);
  CHECK(reward->score_batch(std::span(mixed).first(1))[0].status == Status::skip);
  CHECK(reward->score(mixed[0]).status == Status::skip);
  CHECK(calls == 1);
  CHECK_FALSE(reward->scores_each_alone());
  CHECK(reward_where({{"task", "x"}})->scores_each_alone());
}

TEST_CASE("where: rewards of several kinds of rows add up to one value each, alone and completed alike") {
  const Combined rewards({{.type = "accuracy", .name = "sums", .where = {{"task", "chain_sum"}}},
                          {.type = "accuracy_exact", .name = "general", .weight = 2, .where = {{"task", {"follow", "version_probe"}}}},
                          {.type = "length", .name = "tokens", .weight = 0}},
                         0);
  for (const Json& row : {kSum, kFollow}) {
    const std::vector<Sample> group = {{.prompt = "", .completion = "<answer>22</answer>", .columns = &row, .num_tokens = 5},
                                       {.prompt = "", .completion = "<answer>1</answer>", .columns = &row, .num_tokens = 7}};
    std::vector<Combined::Known> known;
    for (const Sample& sample : group) known.push_back(rewards.score_alone(sample));
    const auto whole = rewards.score_batch(group), completed = rewards.complete(group, known);
    for (size_t i = 0; i < group.size(); ++i) {
      CHECK(whole[i].value == completed[i].value);
      CHECK(whole[i].parts[0].status == completed[i].parts[0].status);
    }
    CHECK(whole[0].value == (row == kSum ? 1 : 2));
    CHECK(whole[1].value == 0);
    CHECK(whole[0].parts[row == kSum ? 1 : 0].status == Status::skip);
  }
}

TEST_CASE("where: the check of rows asks each reward about its own rows, and names rows that none is for") {
  const Dataset dataset = Dataset::from_rows({{{"prompt", "a"}, {"answer", "22"}, {"task", "math"}},
                                              {{"prompt", "b"}, {"task", "chat"}},
                                              {{"prompt", "c"}, {"answer", "?"}, {"task", "math"}},
                                              {{"prompt", "d"}, {"task", "poem"}}},
                                             "rows");
  const Combined rewards({{.type = "accuracy_exact", .where = {{"task", "math"}}},
                          {.type = "repetition", .where = {{"task", {"math", "chat"}}}},
                          {.type = "length", .weight = 0}},
                         0);
  const RowReport report = check_rows(dataset, rewards);
  CHECK(report.num_unusable == 1);
  CHECK(report.text() == "1 of 4 rows cannot be scored: row 3: rewards: none of them is for this row (`where`)");
  const Combined everywhere({{.type = "accuracy_exact"}}, 0);
  CHECK(check_rows(dataset, everywhere).num_unusable == 2);  // rows 1 and 3 have no answer
}

TEST_CASE("where: a reward inside a reward has its own condition") {
  const Json options = {{"rule", "cosine"}, {"correct", {{"type", "accuracy"}, {"where", {{"task", "chain_sum"}}}}}};
  const auto length = make_reward({.type = "length", .options = options}, 0, "/rewards/0");
  CHECK(score_text(*length, "\\boxed{22}", kSum).status == Status::ok);
  CHECK(score_text(*length, "\\boxed{22}", kFollow).status == Status::skip);
}

TEST_CASE("where: nonsense is refused with its place") {
  const auto make = [](const Json& where) { return [where] { reward_where(where); }; };
  expect_error(make(Json::array()), "the condition on rows is array, not an object", "/rewards/0/where", "\"task\": [\"chain_sum\"]");
  expect_error(make({{"task", Json::array()}}), "an empty list of values", "/rewards/0/where/task", "write {");
  expect_error(make({{"task", nullptr}}), "a value that is null", "/rewards/0/where/task", "write {");
  expect_error(make({{"task", {"a", Json::object()}}}), "a value that is object", "/rewards/0/where/task", "write {");
  expect_error(make({{"", "a"}}), "a column without a name", "/rewards/0/where", "write {");
  RewardConfig config;
  expect_error([&] { base::load({{"type", "accuracy"}, {"wher", 1}}, config, "/rewards/0"); }, "unknown key", "/rewards/0", "where");
}

}  // namespace lockstep::rewards
