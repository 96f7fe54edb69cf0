// SPDX-License-Identifier: Apache-2.0
// Draws from blocks of logits: those of whole rows, bit for bit, whoever else draws beside them.
#include "rollout/row_sampler.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>

#include <limits>

#include "kernels/token_logprobs.h"
#include "rollout/noise.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::rollout {
namespace {

constexpr int64_t kVocab = 5003, kWidth = 24;  // several blocks, the last one ragged

struct Rows {
  Tensor hidden, value;
  kernels::Weight head;
  Rows(int64_t count, at::ScalarType dtype, bool is_packed) {
    hidden = (at::randn({count, kWidth}) * 1.5).to(dtype);
    value = at::randn({kVocab, kWidth}).to(dtype);
    head = {value};
    if (is_packed) kernels::pack(head);
  }
};

// Rows that several draw from, and rows that nobody does.
std::vector<DrawQuery> some_queries(int64_t num_rows) {
  std::vector<DrawQuery> out;
  for (int64_t row = 0; row < num_rows; ++row)
    for (int64_t i = 0; i < row % 4; ++i) out.push_back({row, noise_key(3, static_cast<uint64_t>(row), static_cast<int>(i)), 10 * row + i});
  return out;
}

bool is_same(const std::optional<Draw>& a, const std::optional<Draw>& b) {
  return a.has_value() == b.has_value() && (!a || (a->id == b->id && a->logprob == b->logprob));
}

std::vector<SamplingConfig> configs() {
  std::vector<SamplingConfig> out(6);
  out[1].temperature = 0.6;
  out[2].temperature = 0;
  out[3].top_k = 9;
  out[4].top_p = 0.8;
  out[4].temperature = 1.3;
  out[5].min_p = 0.05;
  return out;
}

}  // namespace

TEST_CASE("row sampler: the draws are those of the sampler on whole rows of logits") {
  at::manual_seed(1);
  for (const auto dtype : {at::kFloat, at::kBFloat16})
    for (const bool is_packed : {false, true})
      for (const auto& config : configs()) {
        const Rows rows(70, dtype, is_packed);
        const auto queries = some_queries(70);
        RowSampler by_blocks(config, kVocab);
        const auto draws = by_blocks.draw(rows.hidden, rows.head, queries);
        const auto logits = kernels::linear_logits(rows.hidden, rows.head, Sampler::temperature(config));
        Sampler whole(config, kVocab);
        REQUIRE(draws.size() == queries.size());
        for (size_t q = 0; q < queries.size(); ++q)
          CHECK(is_same(draws[q], whole.draw(logits.const_data_ptr<float>() + queries[q].row * kVocab, queries[q].noise_key,
                                             queries[q].position)));
      }
}

TEST_CASE("row sampler: a row alone draws what it draws among others, and its log-probability is the learner's") {
  at::manual_seed(2);
  for (const auto dtype : {at::kFloat, at::kBFloat16})
    for (const double temperature : {1.0, 0.7}) {
      const Rows rows(40, dtype, true);
      SamplingConfig config;
      config.temperature = temperature;
      RowSampler among(config, kVocab), alone(config, kVocab);
      for (const auto& query : some_queries(40)) {
        const auto draw = among.draw(rows.hidden, rows.head, {query})[0];
        const auto row = rows.hidden.narrow(0, query.row, 1);
        CHECK(is_same(draw, alone.draw(row, rows.head, {{0, query.noise_key, query.position}})[0]));
        auto target = at::full({1}, int64_t{draw->id}, at::kLong);
        CHECK(kernels::token_logprobs(row, rows.value, target, temperature, false).logprobs.item().toFloat() == draw->logprob);
      }
    }
}

TEST_CASE("row sampler: a row with logits that are no numbers draws nothing, its neighbours draw what they do without it") {
  at::manual_seed(3);
  const Rows rows(6, at::kFloat, true);
  const auto queries = some_queries(6);
  RowSampler sampler({}, kVocab);
  const auto before = sampler.draw(rows.hidden, rows.head, queries);
  rows.hidden.select(0, 3).fill_(std::numeric_limits<float>::quiet_NaN());
  const auto after = sampler.draw(rows.hidden, rows.head, queries);
  for (size_t q = 0; q < queries.size(); ++q) {
    if (queries[q].row == 3)
      CHECK_FALSE(after[q].has_value());
    else
      CHECK(is_same(before[q], after[q]));
  }
}

}  // namespace lockstep::rollout
