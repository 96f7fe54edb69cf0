// SPDX-License-Identifier: Apache-2.0
// Preference losses: known values, finite differences, sums over micro-batches; and a short run.
#include "rl/dpo_loss.h"

#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "rl/preference_rows.h"
#include "rl/session.h"
#include "tests/rl/tiny_run.h"
#include "tests/rl/tiny_text.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

using Values = std::vector<double>;

struct Batch {
  Values policy, reference;
  std::vector<int64_t> offsets = {0};
};

Batch random_batch(int pairs, uint64_t seed) {
  base::Random random(seed, "dpo");
  Batch out;
  for (int s = 0; s < 2 * pairs; ++s) {
    for (int64_t t = random.between(1, 6); t > 0; --t) {
      out.policy.push_back(-3 * random.uniform());
      out.reference.push_back(-3 * random.uniform());
    }
    out.offsets.push_back(static_cast<int64_t>(out.policy.size()));
  }
  return out;
}

struct Result {
  rl::DpoMetrics metrics;
  Values gradient;
};

Result run(const Batch& batch, const rl::DpoLossConfig& config, double num_pairs) {
  auto policy = at::tensor(batch.policy, at::kDouble);
  policy.set_requires_grad(true);
  const auto out = rl::dpo_loss(policy, at::tensor(batch.reference, at::kDouble), batch.offsets, config, num_pairs);
  out.loss.backward();
  CHECK(out.loss.item<double>() == out.metrics.loss);
  const auto gradient = policy.grad().contiguous();
  return {out.metrics, {gradient.const_data_ptr<double>(), gradient.const_data_ptr<double>() + gradient.numel()}};
}

const std::vector<rl::DpoLossConfig> kConfigs = {{}, {.beta = 0.5, .label_smoothing = 0.2}, {.beta = 0.3, .loss_type = "hinge"}, {.loss_type = "ipo"}};

// One pair, one token each, with log-ratios 2 and -1.
const Batch kPlain = {{-1, -3}, {-3, -2}, {0, 1, 2}};

}  // namespace

TEST_CASE("dpo: values of the papers' formulas") {
  CHECK(run(kPlain, {}, 1).metrics.loss == doctest::Approx(std::log1p(std::exp(-0.1 * 3))));
  CHECK(run(kPlain, {.label_smoothing = 0.1}, 1).metrics.loss ==
        doctest::Approx(0.9 * std::log1p(std::exp(-0.3)) + 0.1 * std::log1p(std::exp(0.3))));
  CHECK(run(kPlain, {.beta = 0.2, .loss_type = "hinge"}, 1).metrics.loss == doctest::Approx(0.4));
  CHECK(run(kPlain, {.beta = 0.5, .loss_type = "ipo"}, 1).metrics.loss == doctest::Approx(4));
  const auto metrics = run(kPlain, {}, 1).metrics;
  CHECK(metrics.chosen_reward == doctest::Approx(0.2));
  CHECK(metrics.rejected_reward == doctest::Approx(-0.1));
  CHECK(metrics.num_right == 1);
  CHECK(metrics.chosen_logp == -1);
}

TEST_CASE("dpo: at the reference the loss is log 2 and no pair is right") {
  auto batch = random_batch(5, 1);
  batch.reference = batch.policy;
  const auto metrics = run(batch, {}, 5).metrics;
  CHECK(metrics.loss == doctest::Approx(std::log(2.0)));
  CHECK(metrics.num_right == 0);
}

TEST_CASE("dpo: far from the reference nothing overflows") {
  const Batch far = {{-1, -2000}, {-2000, -1}, {0, 1, 2}}, wrong = {{-2000, -1}, {-1, -2000}, {0, 1, 2}};
  CHECK(run(far, {.beta = 1}, 1).metrics.loss == 0);
  CHECK(run(wrong, {.beta = 1}, 1).metrics.loss == doctest::Approx(3998));
  CHECK(run(wrong, {.beta = 1}, 1).gradient[0] == doctest::Approx(-1));
}

TEST_CASE("dpo: gradients are finite differences of the loss") {
  for (const auto& config : kConfigs) {
    const auto batch = random_batch(3, 7);
    const auto gradient = run(batch, config, 3).gradient;
    for (size_t t = 0; t < gradient.size(); ++t) {
      constexpr double kStep = 1e-6;
      auto up = batch, down = batch;
      up.policy[t] += kStep;
      down.policy[t] -= kStep;
      const double slope = (run(up, config, 3).metrics.loss - run(down, config, 3).metrics.loss) / (2 * kStep);
      CHECK(gradient[t] == doctest::Approx(slope).epsilon(1e-5));
    }
  }
}

TEST_CASE("dpo: the losses of parts add up to that of the whole") {
  const auto whole = random_batch(4, 3);
  for (const auto& config : kConfigs) {
    double sum = 0;
    for (size_t pair = 0; pair < 4; ++pair) {
      Batch part;
      for (size_t s = 2 * pair; s < 2 * pair + 2; ++s) {
        const auto begin = whole.offsets[s], end = whole.offsets[s + 1];
        part.policy.insert(part.policy.end(), whole.policy.begin() + begin, whole.policy.begin() + end);
        part.reference.insert(part.reference.end(), whole.reference.begin() + begin, whole.reference.begin() + end);
        part.offsets.push_back(static_cast<int64_t>(part.policy.size()));
      }
      sum += run(part, config, 4).metrics.loss;
    }
    CHECK(sum == doctest::Approx(run(whole, config, 4).metrics.loss).epsilon(1e-12));
  }
}

TEST_CASE("dpo: a log-probability that is no number is an Error") {
  auto batch = kPlain;
  batch.policy[0] = std::numeric_limits<double>::quiet_NaN();
  CHECK(error_of([&] { run(batch, {}, 1); }).has_value());
}

TEST_CASE("preference rows: text and messages give the same ids, epochs are permutations") {
  const TempFolder scratch;
  base::write_file_atomic(scratch.path("a.jsonl"), R"({"prompt": "1+1=?", "chosen": "2", "rejected": "3"})" "\n"
                                                   R"({"prompt": "2+2=?", "chosen": "4", "rejected": "5"})" "\n");
  base::write_file_atomic(scratch.path("b.jsonl"), R"({"prompt": [{"role": "user", "content": "1+1=?"}],)"
                                                   R"( "chosen": [{"role": "assistant", "content": "2"}], "rejected": "3"})" "\n");
  rl::PreferenceRows rows({.files = {scratch.path("a.jsonl")}}, tiny_tokenizer(), {}, 3);
  rl::PreferenceRows other({.files = {scratch.path("b.jsonl")}}, tiny_tokenizer(), {}, 3);
  CHECK(rows.pairs_per_epoch() == 2);
  for (uint64_t epoch = 0; epoch < 4; ++epoch) CHECK(rows.pair(2 * epoch).prompt != rows.pair(2 * epoch + 1).prompt);
  const auto& messages = other.pair(0);
  const auto& text = rows.pair(0).prompt == messages.prompt ? rows.pair(0) : rows.pair(1);
  CHECK(text.prompt == messages.prompt);
  CHECK(text.chosen == messages.chosen);
  CHECK(text.rejected == messages.rejected);
}

TEST_CASE("preference rows: what is refused, by file and line") {
  const TempFolder scratch;
  const auto refuse = [&](const std::string& row, const std::string& what, const std::string& fix) {
    const auto file = scratch.path("bad.jsonl");
    base::write_file_atomic(file, row);
    check_error([&] { rl::PreferenceRows({.files = {file}}, tiny_tokenizer(), {}, 3); }, what, row.empty() ? file : file + ":1", fix);
  };
  refuse("", "no pairs to train on", "at least one row");
  refuse("[1]\n", "the row is array, not an object", "one object");
  refuse(R"({"prompt": "a", "chosen": "b", "rejected": "b"})" "\n", "chosen and rejected are the same", "leave the row out");
  refuse(R"({"prompt": "a", "chosen": "b"})" "\n", "the row has no \"rejected\"", "{prompt, chosen, rejected}");
  refuse(R"({"chosen": "b", "rejected": "c"})" "\n", "the row has no \"prompt\"", "{prompt, chosen, rejected}");
  refuse(R"({"prompt": "a", "chosen": [{"role": "user", "content": "b"}], "rejected": "c"})" "\n", "the completion does not end with the assistant",
         "give a list of");
  refuse(R"({"prompt": "a", "chosen": "", "rejected": "c"})" "\n", "\"chosen\" is empty", "give text");
  refuse(R"({"prompt": "a", "chosen": [{"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}, {"role": "assistant", "content": "z"}],)"
         R"( "rejected": "c"})" "\n", "several turns that differ", "into the prompt");
}

TEST_CASE("dpo: a run learns what is preferred, and interrupted it ends with the same bits") {
  const TempFolder scratch;
  std::string rows;
  for (int i = 0; i < 8; ++i) rows += cat("{\"prompt\": \"", i, "+1=?\", \"chosen\": \"", i + 1, " so\", \"rejected\": \"no ", i, "\"}\n");
  base::write_file_atomic(scratch.path("pairs.jsonl"), rows);
  const auto run_to = [&](const std::string& name, const std::string& max_steps) {
    auto config = tiny_run(scratch.path(name), {"grpo=null", "dpo={}", "dpo.num_pairs=4", "dpo.data.files=[\"" + scratch.path("pairs.jsonl") + "\"]",
                                                "dpo.learner.schedule.learning_rate=3e-3", "pretrain.max_steps=2", "dpo.max_steps=8",
                                                "dpo.save.save_steps=3", "max_steps=" + max_steps});
    CHECK(rl::run(config) == 0);
    base::Json last;
    base::for_each_line(scratch.path(name) + "/metrics.jsonl", [&](std::string_view line, size_t) { last = base::parse_json(line, ""); });
    return std::pair(last, base::read_file(scratch.path(name) + "/model/model.safetensors"));
  };
  const auto [straight, weights] = run_to("straight", "0");
  CHECK(straight["rewards/accuracies"].get<double>() == 1);
  CHECK(straight["loss"].get<double>() < 0.6);
  run_to("parts", "4");
  CHECK(run_to("parts", "0").second == weights);
}

}  // namespace lockstep::test
