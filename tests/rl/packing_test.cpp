// SPDX-License-Identifier: Apache-2.0
// Packing: nothing lost, nothing doubled, nothing computed in vain, and the same log-probabilities as row by row.
#include "rl/packing.h"

#include <doctest/doctest.h>

#include <map>

#include "base/error.h"
#include "tests/rl/tiny_rows.h"

namespace lockstep::test {
namespace {

std::vector<int64_t> values_of(const Tensor& tensor) {
  return {tensor.const_data_ptr<int64_t>(), tensor.const_data_ptr<int64_t>() + tensor.numel()};
}

// Targets, prediction rows and positions of one sample of a micro-batch are those of its row.
void check_sample(const rl::MicroBatch& micro, size_t s, const rl::PackRow& row) {
  const auto ids = values_of(micro.batch.ids), positions = values_of(micro.batch.positions);
  const auto rows = values_of(micro.rows), targets = values_of(micro.targets);
  const Ids whole = joined(*row.prompt, *row.completion);
  const size_t first = row.prompt->empty() ? 1 : row.prompt->size();
  const auto begin = static_cast<size_t>(micro.sample_offsets[s]), end = static_cast<size_t>(micro.sample_offsets[s + 1]);
  REQUIRE(end - begin == whole.size() - first);
  for (size_t t = 0; t < end - begin; ++t) {
    const auto from = static_cast<size_t>(rows[begin + t]);
    CHECK(targets[begin + t] == whole[first + t]);
    CHECK(ids[from] == whole[first + t - 1]);
    CHECK(positions[from] == static_cast<int64_t>(first + t - 1));
  }
}

// Tokens that have to be computed for these samples: each prompt once, no completion's last token.
int64_t least_work(const RowSet& set, const rl::MicroBatch& micro) {
  int64_t tokens = 0, prompt_index = -1;
  for (int64_t sample : micro.samples) {
    const auto& row = set.rows[static_cast<size_t>(sample)];
    if (row.prompt_index != prompt_index) tokens += static_cast<int64_t>(row.prompt->size());
    prompt_index = row.prompt_index;
    tokens += static_cast<int64_t>(row.completion->size()) - 1;
  }
  return tokens;
}

rl::PackRow row_of(const Ids& prompt, const Ids& completion, int64_t index) { return {&prompt, &completion, index, index}; }

}  // namespace

TEST_CASE("packing: where prompts stay together, none is cut, and every row still occurs once") {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto set = random_rows(seed, 8, 24, false);
    std::map<int64_t, size_t> micro_of;
    int64_t next = 0;
    const auto micros = rl::pack(set.rows, {.max_tokens = 30, .multiple_of = 3, .keeps_prompts_together = true});
    for (size_t m = 0; m < micros.size(); ++m)
      for (const int64_t sample : micros[m].samples) {
        CHECK(sample == next++);
        const auto prompt = set.rows[static_cast<size_t>(sample)].prompt_index;
        CHECK(micro_of.emplace(prompt, m).first->second == m);
      }
    CHECK(next == static_cast<int64_t>(set.rows.size()));
  }
}

TEST_CASE("packing: every row occurs once, in order, with its own targets, prediction rows and positions") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    const auto set = random_rows(seed, 1 + static_cast<int>(seed % 9), 24, seed % 2 == 1);
    base::Random random(seed, "budget");
    const rl::PackingOptions options{.max_tokens = random.between(1, 200), .multiple_of = random.between(1, 4)};
    const auto micros = rl::pack(set.rows, options);
    int64_t next = 0;
    for (const auto& micro : micros) {
      REQUIRE(!micro.samples.empty());
      REQUIRE(micro.sample_offsets.size() == micro.samples.size() + 1);
      CHECK(micro.num_targets() == micro.targets.numel());
      for (size_t s = 0; s < micro.samples.size(); ++s) {
        CHECK(micro.samples[s] == next++);
        check_sample(micro, s, set.rows[static_cast<size_t>(micro.samples[s])]);
      }
    }
    CHECK(next == static_cast<int64_t>(set.rows.size()));
  }
}

TEST_CASE("packing: prompts are computed once per micro-batch and nothing behind a completion's last token") {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto set = random_rows(seed, 6, 30);
    for (const auto& micro : rl::pack(set.rows, {.max_tokens = 40 + static_cast<int64_t>(seed) * 10}))
      CHECK(micro.batch.num_tokens() == least_work(set, micro));
  }
}

TEST_CASE("packing: a micro-batch stays within its tokens and a quarter, unless it is one row") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const auto set = random_rows(seed, 8, 40);
    const int64_t most = 20 + static_cast<int64_t>(seed) * 5;
    for (const auto& micro : rl::pack(set.rows, {.max_tokens = most}))
      CHECK((micro.samples.size() == 1 || micro.batch.num_tokens() <= most + most / 4));
  }
}

TEST_CASE("packing: their number is a multiple of the shards unless there are too few rows for that") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const auto set = random_rows(seed, 1 + static_cast<int>(seed % 7), 40);
    const int64_t shards = 1 + static_cast<int64_t>(seed % 5);
    const auto count = rl::pack(set.rows, {.max_tokens = 30 + static_cast<int64_t>(seed), .multiple_of = shards}).size();
    CHECK((count % static_cast<size_t>(shards) == 0 || count == set.rows.size()));
  }
  // Short rows in front of a long one must not be eaten by the first micro-batch.
  const Ids prompt = {1}, one = {2}, longer(100, 3);
  std::vector<rl::PackRow> rows;
  for (int64_t i = 0; i < 8; ++i) rows.push_back(row_of(prompt, one, i));
  rows.push_back(row_of(prompt, longer, 8));
  CHECK(rl::pack(rows, {.max_tokens = 1000, .multiple_of = 4}).size() == 4);
}

TEST_CASE("packing: micro-batches of rows of one size hold about equal work") {
  const Ids prompt(5, 1), completion(8, 2);
  std::vector<rl::PackRow> rows;
  for (int64_t i = 0; i < 24; ++i) rows.push_back(row_of(prompt, completion, i));
  const auto micros = rl::pack(rows, {.max_tokens = 12 * 5, .multiple_of = 4});
  CHECK(micros.size() == 8);
  for (const auto& micro : micros) CHECK(micro.samples.size() == 3);
}

TEST_CASE("packing: log-probabilities are those of the rows one by one") {
  const c10::NoGradGuard no_grad;
  for (const auto& config : {tiny_llama(), tiny_deepseek()}) {
    const auto m = tiny_model(config);
    const auto set = random_rows(5, 7, 20, true);
    for (int64_t most : {10, 60, 100000}) {
      for (const auto& micro : rl::pack(set.rows, {.max_tokens = most})) {
        std::vector<Tensor> alone;
        for (int64_t sample : micro.samples) {
          const auto& row = set.rows[static_cast<size_t>(sample)];
          alone.push_back(row_logprobs(m, *row.prompt, *row.completion));
        }
        CHECK((packed_logprobs(m, micro) - at::cat(alone)).abs().max().item<double>() <= 1e-5);
      }
    }
  }
}

TEST_CASE("packing: no rows give no micro-batches; an empty completion is a fault of the caller") {
  CHECK(rl::pack({}, {}).empty());
  const Ids prompt = {1}, none, single = {4};
  CHECK_THROWS_AS(rl::pack({row_of(prompt, none, 0)}, {}), Error);
  CHECK_THROWS_AS(rl::pack({row_of(none, single, 0)}, {}), Error);  // plain text of one token predicts nothing
}

}  // namespace lockstep::test
