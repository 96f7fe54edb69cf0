// SPDX-License-Identifier: Apache-2.0
// The weighted sum: statuses, breakdown, statistics, threads; and the registry that builds it.
#include "rewards/combined.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/text.h"
#include "base/thread_pool.h"
#include "rewards/builtin.h"
#include "rewards/language.h"
#include "rewards/length.h"
#include "rewards/plugins/plugin_config.h"
#include "rewards/repetition.h"
#include "rewards/text_metrics.h"
#include "tests/rewards/expect_error.h"
#include "tests/rewards/samples.h"

namespace lockstep::rewards {
namespace {

using base::Json;

// Returns what it is told, or throws.
class Scripted final : public NamedReward {
 public:
  Scripted(std::string name, Score score, bool throws = false)
      : NamedReward(std::move(name)), score_(std::move(score)), throws_(throws) {}
  Score score(const Sample&) const override {
    if (throws_) throw std::runtime_error("out of cheese");
    return score_;
  }

 private:
  Score score_;
  bool throws_;
};

Combined::Part scripted(const char* name, Score score, double weight = 1, bool throws = false) {
  return {std::make_unique<Scripted>(name, std::move(score), throws), weight};
}

Combined combine(std::vector<Combined::Part>&& parts) { return Combined(std::move(parts)); }

template <class... Parts>
CombinedScore score_of(Parts&&... parts) {
  std::vector<Combined::Part> list;
  (list.push_back(std::move(parts)), ...);
  const Json row = Json::object();
  return combine(std::move(list)).score({.prompt = "", .completion = "", .columns = &row});
}

TEST_CASE("combined: the value is the weighted sum over the rewards that are ok") {
  const CombinedScore score =
      score_of(scripted("a", {.value = 1}, 2), scripted("b", {.status = Status::skip, .value = 7}),
               scripted("c", {.value = 0.5}, -1));
  CHECK(score.status == Status::ok);
  CHECK(score.value == 1.5);
  REQUIRE(score.parts.size() == 3);
  CHECK(score.parts[1].status == Status::skip);
  CHECK(score.parts[1].value == 0);
}

TEST_CASE("combined: a sample that no reward could score says so, worst status first") {
  CHECK(score_of(scripted("a", {.status = Status::skip}), scripted("b", {.status = Status::skip})).status ==
        Status::skip);
  CHECK(score_of(scripted("a", {.status = Status::timeout}), scripted("b", {.status = Status::skip})).status ==
        Status::timeout);
  CHECK(score_of(scripted("a", {.status = Status::timeout}), scripted("b", {.status = Status::error})).status ==
        Status::error);
  CHECK(score_of(scripted("a", {.status = Status::error}), scripted("b", {.value = 1})).status == Status::ok);
}

TEST_CASE("combined: a measure of weight 0 alone does not make a sample scored") {
  const CombinedScore score = score_of(scripted("a", {.status = Status::skip}), scripted("length", {.value = 300}, 0));
  CHECK(score.status == Status::skip);
  CHECK(score.value == 0);
  CHECK(score.parts[1].value == 300);
}

TEST_CASE("combined: an exception and a value that is not finite are errors with a text, not zeros") {
  const CombinedScore thrown = score_of(scripted("a", {}, 1, true), scripted("b", {.value = 1}));
  CHECK(thrown.status == Status::ok);
  CHECK(thrown.value == 1);
  CHECK(thrown.parts[0].status == Status::error);
  CHECK(thrown.parts[0].detail == "out of cheese");
  for (double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const CombinedScore score = score_of(scripted("a", {.value = bad}));
    CHECK(score.status == Status::error);
    CHECK(score.value == 0);
    CHECK(contains(score.parts[0].detail, "is not finite"));
  }
}

TEST_CASE("combined: statistics run over the ok scores and count the others") {
  std::vector<Combined::Part> parts;
  parts.push_back(scripted("a", {}));
  const Combined rewards(std::move(parts));
  std::vector<CombinedScore> scores(6);
  const std::vector<Score> values = {
      {.value = 1, .metrics = {{"m", 4}}}, {.value = 3, .metrics = {{"m", 8}}}, {.status = Status::skip},
      {.status = Status::error},           {.status = Status::timeout},         {.value = 5}};
  for (size_t i = 0; i < scores.size(); ++i) scores[i].parts = {values[i]};
  const RewardStats stats = rewards.stats(scores).at(0);
  CHECK(stats.num_ok == 3);
  CHECK(stats.num_skip == 1);
  CHECK(stats.num_error == 1);
  CHECK(stats.num_timeout == 1);
  CHECK(stats.mean == 3);
  CHECK(stats.std == 2);
  CHECK(stats.metrics.at("m") == 6);
  CHECK(rewards.stats({}).at(0).mean == 0);
}

TEST_CASE("combined: scoring from several threads gives the scores of one thread") {
  const Combined rewards({{.type = "accuracy"}, {.type = "format"}, {.type = "random"}}, 5);
  const Json row = gold("42");
  const auto completion = [](int i) { return cat("<think>try ", i, "</think><answer>", 32 + i % 20, "</answer>"); };
  constexpr int kSamples = 400;
  std::vector<double> serial(kSamples), parallel(kSamples);
  const auto value = [&](int i) {
    const std::string text = completion(i);
    return rewards.score({.prompt = "p", .completion = text, .columns = &row}).value;
  };
  for (int i = 0; i < kSamples; ++i) serial[static_cast<size_t>(i)] = value(i);
  base::ThreadPool pool(4);
  pool.parallel_for(kSamples, [&](int i) { parallel[static_cast<size_t>(i)] = value(i); });
  CHECK(serial == parallel);
}

TEST_CASE("combined: no reward, equal names and bad weights are refused") {
  expect_error([] { Combined(std::vector<RewardConfig>{}, 0); }, "there is no reward", "/rewards", "name at least one");
  expect_error(
      [] {
        Combined({{.type = "format"}, {.type = "format"}}, 0, "/grpo/rewards");
      },
      "two rewards are called \"format\"", "/grpo/rewards/1", "another `name`");
  expect_error([] { Combined({{.type = "format", .weight = std::nan("")}}, 0); }, "is not finite", "/rewards/0/weight",
               "give a number");
}

TEST_CASE("registry: types and options are loaded strictly") {
  expect_error([] { make_reward({.type = "acuracy"}, 0, "/rewards/0"); }, "unknown reward type \"acuracy\"",
               "/rewards/0/type", "did you mean \"accuracy\"?");
  expect_error([] { make_reward({.type = "llm_judge_9000"}, 0, "/rewards/0"); }, "unknown reward type",
               "/rewards/0/type", "accuracy, accuracy_code, format, random");
  expect_error(
      [] {
        make_reward({.type = "format", .options = {{"presets", "r1"}}}, 0, "/rewards/2");
      },
      "presets", "/rewards/2/options", "preset");
  expect_error(
      [] {
        make_reward({.type = "format", .options = {{"preset", "r2"}}}, 0, "/rewards/2");
      },
      "r2", "/rewards/2/options/preset", "r1");
  expect_error(
      [] {
        make_reward({.type = "length", .options = {{"max", 3}}}, 0, "/rewards/1");
      },
      "max", "/rewards/1/options", "");
  expect_error(
      [] {
        make_reward({.type = "length", .options = {{"max_completion_len", 100}, {"soft_punish_cache", 101}}}, 0,
                    "/rewards/3");
      },
      "soft_punish_cache 101 is larger than max_completion_len 100", "/rewards/3/options/soft_punish_cache",
      "at most max_completion_len");
  CHECK(make_reward({.type = "format", .name = "shape"}, 0, "")->name() == "shape");
  CHECK(make_reward({.type = "format"}, 0, "")->name() == "format");
}

TEST_CASE("registry: every config names all its fields, and the reference names every type") {
  CHECK(base::visited<RewardConfig>() == base::arity<RewardConfig>());
  CHECK(base::visited<AccuracyConfig>() == base::arity<AccuracyConfig>());
  CHECK(base::visited<FormatConfig>() == base::arity<FormatConfig>());
  CHECK(base::visited<CoinFlipConfig>() == base::arity<CoinFlipConfig>());
  CHECK(base::visited<LengthConfig>() == base::arity<LengthConfig>());
  CHECK(base::visited<RepetitionConfig>() == base::arity<RepetitionConfig>());
  CHECK(base::visited<LanguageConfig>() == base::arity<LanguageConfig>());
  CHECK(base::visited<plugins::ProcessConfig>() == base::arity<plugins::ProcessConfig>());
  CHECK(base::visited<plugins::PythonConfig>() == base::arity<plugins::PythonConfig>());
  CHECK(base::visited<plugins::LibraryConfig>() == base::arity<plugins::LibraryConfig>());
  CHECK(base::visited<plugins::HttpConfig>() == base::arity<plugins::HttpConfig>());
  for (const char* part :
       {"accuracy: ", "format: ", "random: ", "length: ", "reflection_words: ", "gold_marker", "probability"}) {
    CHECK_MESSAGE(contains(reward_reference(), part), part);
  }
}

TEST_CASE(
    "random: a fair coin with the asked chance, independent of the answer, repeatable, different per name and seed") {
  const Json row = gold("42");
  const auto flips = [&](const char* name, uint64_t seed, double probability) {
    const CoinFlip coin(name, {.probability = probability}, seed);
    std::vector<double> values;
    for (int i = 0; i < 4000; ++i) {
      values.push_back(score_text(coin, cat("<answer>", i % 2 == 0 ? "42" : "41", "</answer>", i), row).value);
    }
    return values;
  };
  const std::vector<double> third = flips("a", 1, 1.0 / 3);
  double sum = 0, sum_right = 0;
  for (size_t i = 0; i < third.size(); ++i) {
    sum += third[i];
    if (i % 2 == 0) sum_right += third[i];
  }
  CHECK(std::abs(sum / 4000 - 1.0 / 3) < 0.03);
  CHECK(std::abs(sum_right / 2000 - 1.0 / 3) < 0.043);
  CHECK(third == flips("a", 1, 1.0 / 3));
  CHECK(third != flips("b", 1, 1.0 / 3));
  CHECK(third != flips("a", 2, 1.0 / 3));
  CHECK(flips("a", 1, 0) == std::vector<double>(4000, 0.0));
  CHECK(flips("a", 1, 1) == std::vector<double>(4000, 1.0));
  const CoinFlip coin("a", {}, 0);
  int num_different = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string prompt = cat("prompt ", i);
    num_different += score_text(coin, "x", row, prompt).value != score_text(coin, "x", row, "prompt").value ? 1 : 0;
  }
  CHECK(num_different > 60);
  CHECK(num_different < 140);
}

TEST_CASE("text metrics: reflection words are whole words in any case") {
  CHECK(count_reflection_words("Wait, let me check. WAIT! However, I was wrong; verify.") == 6);
  CHECK(count_reflection_words("waiting awaits butter checks unchecked wait's rechecking") == 0);
  CHECK(count_reflection_words("maybe 18 wait 2+5=7wait") == 2);
  CHECK(count_reflection_words("mistake however but retry error verify wrong evaluate check wait") == 10);
  CHECK(count_reflection_words("") == 0);
  CHECK(count_words("") == 0);
  CHECK(count_words("  one two\tthree\n") == 3);
  const Json row = Json::object();
  CHECK(make_reward({.type = "length"}, 0, "")
            ->score({.prompt = "", .completion = "", .columns = &row, .num_tokens = 17})
            .value == 17);
  // DAPO's own numbers: L_max 20480, cache 4096.
  const auto overlong = make_reward({.type = "length", .options = {{"rule", "soft_overlong"}}}, 0, "");
  for (const auto& [tokens, value] : std::vector<std::pair<int64_t, double>>{
           {0, 0}, {16384, 0}, {16385, -1.0 / 4096}, {18432, -0.5}, {20480, -1}, {100000, -1}})
    CHECK(overlong->score({.prompt = "", .completion = "", .columns = &row, .num_tokens = tokens}).value == value);
  CHECK(score_text(*make_reward({.type = "reflection_words"}, 0, ""), "wait wait", row).value == 2);
}

// Scores a sample by its place in its batch and by the batch's size, and counts its batches.
class BatchReward final : public Reward {
 public:
  explicit BatchReward(int& num_batches) : num_batches_(num_batches) {}
  const std::string& name() const override { return name_; }
  Score score(const Sample&) const override { return {.status = Status::error}; }
  std::vector<Score> score_batch(std::span<const Sample> samples) const override {
    ++num_batches_;
    std::vector<Score> scores;
    for (size_t i = 0; i < samples.size(); ++i) {
      scores.push_back({.value = static_cast<double>(i) + 0.1 * static_cast<double>(samples.size())});
    }
    return scores;
  }

 private:
  int& num_batches_;
  std::string name_ = "batch";
};

TEST_CASE("combined: samples scored alone in any order and then completed have the scores of their batch, bit by bit") {
  RewardConfig accuracy, format;
  format.type = "format";
  format.weight = 0.3;
  int num_batches = 0;
  std::vector<Combined::Part> parts;
  for (const RewardConfig& config : {accuracy, format})
    parts.push_back({make_reward(config, 1, "/rewards"), config.weight});
  parts.push_back({std::make_unique<BatchReward>(num_batches), 0.7});
  const Combined combined(std::move(parts));
  const Json row = {{"answer", "4"}};
  const std::vector<std::string> texts = {"<think>a</think><answer>4</answer>", "\\boxed{4}", "", "\\boxed{5}"};
  std::vector<Sample> samples;
  for (const std::string& text : texts) samples.push_back({.prompt = "2+2", .completion = text, .columns = &row});
  const auto whole = combined.score_batch(samples);
  CHECK(num_batches == 1);
  std::vector<size_t> order = {0, 1, 2, 3};
  do {
    std::vector<Combined::Known> known(samples.size());
    for (const size_t i : order) {
      known[i] = combined.score_alone(samples[i]);
      CHECK(known[i][0].has_value());
      CHECK_FALSE(known[i][2].has_value());  // only a batch
    }
    num_batches = 0;
    const auto completed = combined.complete(samples, std::move(known));
    CHECK(num_batches == 1);
    for (size_t i = 0; i < samples.size(); ++i) {
      CHECK(completed[i].value == whole[i].value);
      CHECK(completed[i].status == whole[i].status);
      for (size_t p = 0; p < combined.size(); ++p) CHECK(completed[i].parts[p].detail == whole[i].parts[p].detail);
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("combined: a reward that fails alone marks its sample and no other") {
  std::vector<Combined::Part> parts;
  parts.push_back(scripted("bad", {.value = 1}, 1, true));
  const Combined combined(std::move(parts));
  const Json row = Json::object();
  const Sample sample = {.prompt = "", .completion = "", .columns = &row};
  const Combined::Known known = combined.score_alone(sample);
  CHECK(known.at(0)->status == Status::error);
  CHECK(known.at(0)->detail == "out of cheese");
  const auto completed = combined.complete(std::vector{sample, sample}, {known, {Score{.value = 2}}});
  CHECK(completed[0].status == Status::error);
  CHECK(completed[1].value == 2);
}

}  // namespace
}  // namespace lockstep::rewards
