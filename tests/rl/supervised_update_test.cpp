// SPDX-License-Identifier: Apache-2.0
// Supervised updates against their definition, row by row: next-token loss, the MTP loss, expert load.
#include "rl/supervised_update.h"

#include <cmath>

#include "tests/rl/tiny_rows.h"

// Last: a LibTorch header defines a CHECK of its own, which aborts.
#include <doctest/doctest.h>

namespace lockstep::test {
namespace {

model::ModelConfig tiny_mtp() {
  auto config = tiny_deepseek();
  config.num_nextn_predict_layers = 1;
  return config;
}

// Plain text, prompts with completions, and completions of a single token.
std::vector<rl::TextRow> some_rows() {
  base::Random random(21, "text rows");
  std::vector<rl::TextRow> rows;
  for (int i = 0; i < 9; ++i)
    rows.push_back({random_ids(random, i % 3 == 0 ? 0 : random.between(1, 9)), random_ids(random, i == 4 ? 1 : random.between(2, 11))});
  return rows;
}

double num_targets(const std::vector<rl::TextRow>& rows) {
  double count = 0;
  for (const auto& row : rows) count += static_cast<double>(row.completion.size()) - (row.prompt.empty() ? 1 : 0);
  return count;
}

Tensor direct_loss(const model::Transformer& m, const std::vector<rl::TextRow>& rows) {
  std::vector<Tensor> all;
  for (const auto& row : rows) all.push_back(row_logprobs(m, row.prompt, row.completion));
  return at::cat(all).mean().neg();
}

// DeepSeek-V3's eq. 24 for depth 1 over one row alone: at every position the true next id, the loss where the token two
// ahead is trained on.
Tensor direct_mtp_loss(const model::Transformer& m, const std::vector<rl::TextRow>& rows) {
  std::vector<Tensor> all;
  for (const auto& row : rows) {
    const Ids ids = joined(row.prompt, row.completion);
    const int64_t first = row.prompt.empty() ? 1 : static_cast<int64_t>(row.prompt.size());  // the first trained token
    const int64_t size = static_cast<int64_t>(ids.size()), count = size - first - 1;
    if (count < 1) continue;
    const auto batch = model::make_batch({{Ids(ids.begin(), ids.end() - 1), -1}}, at::kCPU);
    const auto after = at::tensor(std::vector<int64_t>(ids.begin() + 1, ids.end()));  // [size - 1]
    const auto states = m.forward_mtp(batch, m.forward(batch), after).narrow(0, first - 1, count);
    all.push_back(kernels::token_logprobs(states, m.head(), after.narrow(0, first, count), 1.0, false).logprobs);
  }
  return at::cat(all).mean().neg();
}

struct Result {
  rl::SupervisedMetrics metrics;
  std::vector<Tensor> gradients;
};

Result accumulate(model::Transformer& m, const std::vector<rl::TextRow>& rows, double mtp_loss_coef, int num_shards, int64_t max_tokens) {
  base::ThreadPool pool(2);
  rl::Learner learner(m, num_shards, pool);
  Result out;
  out.metrics = rl::accumulate_supervised(learner, rows, mtp_loss_coef, max_tokens);
  out.gradients = gradients_of(m);
  return out;
}

// Rows i, i, i, ... of i + 1 tokens.
class CountingRows : public rl::TextRows {
 public:
  rl::TextRow row(uint64_t index) const override {
    return {{}, Ids(static_cast<size_t>(index % 4) + 1, static_cast<model::TokenId>(index))};
  }
  uint64_t rows_per_epoch() const override { return 0; }
};

}  // namespace

TEST_CASE("supervised update: loss and gradient are those of the mean over all trained tokens") {
  const auto rows = some_rows();
  for (const auto& config : {tiny_llama(), tiny_deepseek()}) {
    auto m = tiny_model(config);
    double loss = 0;
    const auto expected = autograd(m, [&](const model::Transformer& own) {
      const auto value = direct_loss(own, rows);
      loss = value.item().toDouble();
      return value;
    });
    for (int num_shards : {1, 3})
      for (int64_t max_tokens : {16, 1 << 20}) {
        const auto result = accumulate(m, rows, 0.1, num_shards, max_tokens);
        CHECK(std::abs(result.metrics.loss - loss) <= 1e-5);
        CHECK(result.metrics.mtp_loss == 0);
        CHECK(static_cast<double>(result.metrics.num_tokens) == num_targets(rows));
        CHECK(relative_distance(result.gradients, expected) <= 1e-5);
      }
  }
}

TEST_CASE("supervised update: the MTP loss and its gradient are those of every row on its own") {
  auto m = tiny_model(tiny_mtp());
  const auto rows = some_rows();
  double loss = 0, mtp_loss = 0;
  const auto expected = autograd(m, [&](const model::Transformer& own) {
    const auto next = direct_loss(own, rows), ahead = direct_mtp_loss(own, rows);
    loss = next.item().toDouble(), mtp_loss = ahead.item().toDouble();
    return next + 0.3 * ahead;
  });
  for (int num_shards : {1, 2, 3})
    for (int64_t max_tokens : {8, 40, 1 << 20}) {
      CAPTURE(num_shards);
      CAPTURE(max_tokens);
      const auto result = accumulate(m, rows, 0.3, num_shards, max_tokens);
      CHECK(std::abs(result.metrics.loss - loss) <= 1e-5);
      CHECK(std::abs(result.metrics.mtp_loss - mtp_loss) <= 1e-5);
      CHECK(relative_distance(result.gradients, expected) <= 1e-5);
    }
}

TEST_CASE("supervised update: the gradient of both losses is the slope of their values while no token changes its experts") {
  auto m = tiny_model(tiny_mtp());
  const auto rows = some_rows();
  const auto at_origin = accumulate(m, rows, 0.3, 2, 64);
  const auto is_routed_alike = [&](const auto& metrics) {
    for (size_t i = 0; i < metrics.routing.counts.size(); ++i)
      if (!at::equal(metrics.routing.counts[i], at_origin.metrics.routing.counts[i])) return false;
    return true;
  };
  int num_checked = 0;
  for (size_t i = 0; i < m.parameters().size(); ++i) {
    auto& p = m.parameters()[i];
    const auto& gradient = at_origin.gradients[i];
    if (!p.is_trainable || !gradient.defined()) continue;
    CAPTURE(p.name);
    const double expected = gradient.norm().item<double>();
    const auto origin = p.value.clone();
    // The choice of experts is a step function: across a step the difference quotient says nothing about the gradient.
    bool is_checked = false;
    for (double step = 2e-3; !is_checked && step > 1e-5; step /= 2) {
      p.value.copy_(origin + gradient * (step / expected));
      const auto up = accumulate(m, rows, 0.3, 2, 64).metrics;
      p.value.copy_(origin - gradient * (step / expected));
      const auto down = accumulate(m, rows, 0.3, 2, 64).metrics;
      if (!is_routed_alike(up) || !is_routed_alike(down)) continue;
      const double slope = (up.loss + 0.3 * up.mtp_loss - down.loss - 0.3 * down.mtp_loss) / (2 * step);
      CAPTURE(step);
      CHECK(std::abs(slope - expected) <= 0.02 * expected + 1e-3);
      is_checked = true;
    }
    p.value.copy_(origin);
    CHECK(is_checked);
    num_checked += is_checked;
  }
  CHECK(num_checked >= 30);
}

TEST_CASE("supervised update: mtp_loss_coef 0 leaves the module without gradients and without load") {
  auto m = tiny_model(tiny_mtp());
  const auto result = accumulate(m, some_rows(), 0, 2, 64);
  CHECK(result.metrics.mtp_loss == 0);
  REQUIRE(result.metrics.routing.counts.size() == 2);
  CHECK(result.metrics.routing.counts[0].defined());
  CHECK_FALSE(result.metrics.routing.counts[1].defined());
  bool has_module = false;
  for (size_t i = 0; i < m.parameters().size(); ++i) {
    if (m.parameters()[i].name.find("layers.2.") == std::string::npos) continue;
    has_module = true;
    CAPTURE(m.parameters()[i].name);
    CHECK_FALSE(result.gradients[i].defined());
  }
  CHECK(has_module);
}

TEST_CASE("supervised update: expert load counts every slot of every computed token once, however the rows are cut") {
  auto m = tiny_model(tiny_mtp());
  const auto rows = some_rows();
  const auto whole = accumulate(m, rows, 0.3, 1, 1 << 20).metrics.routing;
  int64_t computed = 0;
  for (const auto& row : rows) computed += static_cast<int64_t>(row.prompt.size() + row.completion.size()) - 1;
  for (const auto& counts : whole.counts) CHECK(counts.sum().item<int64_t>() == 2 * computed);
  const auto cut = accumulate(m, rows, 0.3, 3, 24).metrics.routing;
  CHECK(at::equal(cut.counts[0], whole.counts[0]));
  // A micro-batch of one-target rows alone does not run the module: its missing load is no load.
  CHECK_NOTHROW(accumulate(m, {rows[1], rows[4], rows[2]}, 0.3, 3, 1));
}

TEST_CASE("router bias: each moves by exactly the rate towards even load; nothing else changes") {
  auto m = tiny_model(tiny_mtp());
  const c10::NoGradGuard no_grad;
  std::vector<Tensor> before;
  for (auto& p : m.parameters()) {
    if (!p.is_trainable) p.value.zero_();
    before.push_back(p.value.clone());
  }
  model::RoutingStats routing;
  routing.counts = {at::tensor(std::vector<int64_t>{4, 0, 9, 4, 4, 3, 4, 4}), at::tensor(std::vector<int64_t>{8, 0, 0, 0, 0, 0, 0, 0})};
  rl::update_router_bias(m, routing, 0.001);
  const std::vector<std::vector<float>> expected = {{0, 1, -1, 0, 0, 1, 0, 0}, {-1, 1, 1, 1, 1, 1, 1, 1}};
  size_t layer = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    const auto& p = m.parameters()[i];
    CAPTURE(p.name);
    if (p.is_trainable)
      CHECK(at::equal(p.value, before[i]));
    else
      CHECK(at::equal(p.value, at::tensor(expected.at(layer++)) * 0.001f));
  }
  CHECK(layer == 2);
  routing.counts[1] = Tensor();  // the module was not run: its bias stays
  rl::update_router_bias(m, routing, 0.001);
  for (const auto& p : m.parameters())
    if (!p.is_trainable && p.name.find("layers.2.") != std::string::npos) CHECK(at::equal(p.value, at::tensor(expected[1]) * 0.001f));
}

TEST_CASE("max_violation: the worst expert's load over the mean, minus 1; even load is 0") {
  model::RoutingStats routing;
  CHECK(rl::max_violation(routing) == 0);
  routing.counts = {at::tensor(std::vector<int64_t>{5, 5, 5, 5}), Tensor()};
  CHECK(rl::max_violation(routing) == 0);
  routing.counts[1] = at::tensor(std::vector<int64_t>{0, 2, 6, 0});
  CHECK(rl::max_violation(routing) == doctest::Approx(2.0));
}

TEST_CASE("next_rows: rows from the cursor until their trained tokens are enough; rows that train nothing are passed over") {
  const CountingRows source;  // rows of 1, 2, 3, 4, 1, 2, ... tokens train 0, 1, 2, 3, 0, 1, ...
  uint64_t cursor = 0;
  const auto first = rl::next_rows(source, 4, cursor);
  CHECK(first.size() == 3);
  CHECK(cursor == 4);
  CHECK((first[0].completion == Ids{1, 1}));
  const auto second = rl::next_rows(source, 1, cursor);
  CHECK(second.size() == 1);
  CHECK(cursor == 6);
}

}  // namespace lockstep::test
