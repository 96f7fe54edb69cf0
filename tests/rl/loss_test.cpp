// SPDX-License-Identifier: Apache-2.0
// Laws of the loss: masks, aggregation, ratio levels, adding micro-batches, permutations, and what it
// refuses.
#include "rl/loss.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "rl/sft_loss.h"
#include "tests/rl/loss_batch.h"
#include "tests/support/errors.h"

namespace lockstep {
using test::check_error;
using test::evaluate;
using test::List;
using test::LossBatch;

namespace {
const double kNan = std::numeric_limits<double>::quiet_NaN();
const double kInf = std::numeric_limits<double>::infinity();
const std::vector<const char*> kTypes = {"grpo", "dapo", "dr_grpo", "bnpo", "cispo", "sapo", "gspo", "luspo", "vespo", "r1", "reinforce"};
}  // namespace

TEST_CASE("loss: masked tokens contribute exactly nothing, whatever they hold") {
  LossBatch batch = LossBatch::random({4, 3, 2}, 21, 0.3).with_sampler_and_entropy(22, 0.2);
  for (size_t t : {2, 3, 7, 8}) batch.mask[t] = 0;  // the end of sample 0, all of sample 2
  LossBatch poisoned = batch;
  poisoned.logprobs[2] = kNan, poisoned.old[3] = -kInf, poisoned.ref[7] = kInf, poisoned.advantages[8] = kNan;
  poisoned.entropy[2] = kNan, poisoned.entropy[8] = kInf, poisoned.sampling[3] = kNan, poisoned.sampling[7] = kInf;
  for (const char* type : kTypes) {
    for (const char* level : {"token", "sequence", "product"}) {
      const rl::LossConfig config{.beta = 0.1, .epsilon_high = 1.5, .loss_type = type, .importance_sampling_level = level,
                                  .entropy_coef = 0.1, .top_entropy_quantile = 0.5, .off_policy_mask_threshold = 0.1};
      const auto clean = evaluate(batch, config), dirty = evaluate(poisoned, config);
      CHECK(clean.loss == dirty.loss);
      CHECK(clean.gradient == dirty.gradient);
      CHECK(clean.entropy_gradient == dirty.entropy_gradient);
      for (size_t t : {2, 3, 7, 8}) CHECK((clean.gradient[t] == 0 && clean.entropy_gradient[t] == 0));
    }
  }
}

TEST_CASE("loss: a masked tail is as if the sample ended before it") {
  LossBatch cut = LossBatch::random({4, 3}, 22, 0.3), masked = cut;
  masked.mask[3] = 0;
  cut.lengths = {3, 3};
  for (List* list : {&cut.logprobs, &cut.old, &cut.ref, &cut.advantages, &cut.mask}) list->erase(list->begin() + 3);
  for (const char* type : kTypes) {
    CHECK(evaluate(cut, {.beta = 0.1, .loss_type = type}).loss ==
          evaluate(masked, {.beta = 0.1, .loss_type = type}).loss);
  }
}

TEST_CASE("loss: with equal lengths grpo = dapo = bnpo, and = dr_grpo when the constant length is that length") {
  const LossBatch batch = LossBatch::random({16, 16, 16}, 23, 0.3);  // totals() says max_completion_length 16
  const auto reference = evaluate(batch, {.beta = 0.2, .loss_type = "grpo"});
  for (const char* type : {"dapo", "bnpo", "dr_grpo"}) {
    const auto other = evaluate(batch, {.beta = 0.2, .loss_type = type});
    CHECK(other.loss == doctest::Approx(reference.loss).epsilon(1e-13));
    for (size_t t = 0; t < 48; ++t) CHECK(other.gradient[t] == doctest::Approx(reference.gradient[t]).epsilon(1e-13));
  }
}

TEST_CASE("loss: all ratio levels coincide on samples of one token") {
  const LossBatch batch = LossBatch::random({1, 1, 1, 1}, 24, 0.3);
  const auto reference = evaluate(batch, {.beta = 0.2});
  for (const char* level : {"sequence", "product"}) {
    const auto other = evaluate(batch, {.beta = 0.2, .importance_sampling_level = level});
    CHECK(other.loss == reference.loss);
    CHECK(other.gradient == reference.gradient);
  }
}

TEST_CASE("loss: the product level is the product of the token ratios, the sequence level its geometric mean") {
  LossBatch batch = LossBatch::random({3}, 25, 0);
  const List ratios = {1.1, 0.8, 1.5};
  for (size_t t = 0; t < 3; ++t) batch.logprobs[t] = batch.old[t] + std::log(ratios[t]);
  for (double& a : batch.advantages) a = 1;
  const double product = 1.1 * 0.8 * 1.5;
  CHECK(evaluate(batch, {.epsilon = 10, .importance_sampling_level = "product"}).loss == doctest::Approx(-product));
  CHECK(evaluate(batch, {.epsilon = 10, .importance_sampling_level = "sequence"}).loss ==
        doctest::Approx(-std::cbrt(product)));
}

TEST_CASE("loss: micro-batches add up to the whole update, each token's gradient bit for bit, in f32") {
  const LossBatch batch = LossBatch::random({5, 1, 9, 3, 2, 7, 4, 6}, 26, 0.4).with_sampler_and_entropy(27, 0.2);
  for (const char* type : kTypes) {
    if (std::string(type) == "bnpo") continue;
    for (const char* level : {"token", "sequence", "product"}) {
      const rl::LossConfig config{.beta = 0.1, .epsilon_high = 1.5, .clip_ratio_c = 1.6, .loss_type = type, .importance_sampling_level = level,
                                  .entropy_coef = 0.1, .top_entropy_quantile = 0.4,
                                  .importance_sampling_mode = std::string(level) == "token" ? "token_mask" : "sequence_truncate",
                                  .importance_sampling_clip_max = 1.3, .off_policy_mask_threshold = 0.1};
      const auto totals = batch.totals(config);
      const auto whole = evaluate(batch, config, totals, at::kFloat);
      for (size_t size : {1, 3}) {
        List gradient, entropy_gradient;
        rl::LossMetrics sum;
        for (size_t first = 0; first < 8; first += size) {
          const auto part =
              evaluate(batch.samples(first, std::min<size_t>(first + size, 8)), config, totals, at::kFloat);
          gradient.insert(gradient.end(), part.gradient.begin(), part.gradient.end());
          entropy_gradient.insert(entropy_gradient.end(), part.entropy_gradient.begin(), part.entropy_gradient.end());
          sum += part.metrics;
        }
        CHECK(gradient == whole.gradient);
        CHECK(entropy_gradient == whole.entropy_gradient);
        CHECK(sum.loss == doctest::Approx(whole.metrics.loss).epsilon(1e-12));
        const auto a = sum.rows(), b = whole.metrics.rows();
        REQUIRE(a.size() == b.size());
        for (size_t i = 0; i < a.size(); ++i) {
          CHECK(a[i].first == b[i].first);
          CHECK(a[i].second == doctest::Approx(b[i].second).epsilon(1e-12));
        }
      }
    }
  }
}

TEST_CASE("loss: gspo and r1 are names for grpo with the ratio of the sequence and of the product") {
  const LossBatch batch = LossBatch::random({5, 3, 7}, 34, 0.3);
  for (const auto& [name, level] : {std::pair{"gspo", "sequence"}, {"r1", "product"}}) {
    const auto named = evaluate(batch, {.beta = 0.1, .loss_type = name}), spelt = evaluate(batch, {.beta = 0.1, .importance_sampling_level = level});
    CHECK(named.loss == spelt.loss);
    CHECK(named.gradient == spelt.gradient);
  }
}

TEST_CASE("loss: on policy every type has the policy gradient of its aggregation") {
  LossBatch batch = LossBatch::random({3, 1, 6}, 35, 0);
  const double longest = 16, samples = 3, tokens = 10;
  for (const char* type : kTypes) {
    CAPTURE(type);
    const std::string name = type;
    const auto out = evaluate(batch, {.epsilon_high = 5, .loss_type = type});
    for (size_t t = 0; t < 10; ++t) {
      const double length = t < 3 ? 3 : t < 4 ? 1 : 6;
      double weight = 1 / (samples * length);  // grpo, sapo, gspo
      if (name == "dapo" || name == "bnpo" || name == "cispo" || name == "vespo" || name == "reinforce") weight = 1 / tokens;
      if (name == "dr_grpo") weight = 1 / (samples * longest);
      if (name == "luspo" || name == "r1") weight = 1 / samples;  // |o| terms whose ratio moves by 1 / |o|; one whose ratio moves by 1
      CHECK(out.gradient[t] == doctest::Approx(-weight * batch.advantages[t]).epsilon(1e-12));
    }
  }
}

TEST_CASE("loss: bnpo gives each call its share of the samples and its own token mean, as TRL's micro-batches") {
  const LossBatch batch = LossBatch::random({5, 1, 9, 3}, 27, 0.2);
  const rl::LossConfig config{.loss_type = "bnpo"};
  const auto first = evaluate(batch.samples(0, 2), config, batch.totals());
  const auto alone = evaluate(batch.samples(0, 2), config);
  CHECK(first.loss == doctest::Approx(alone.loss / 2).epsilon(1e-13));
}

TEST_CASE("loss: permuting the samples permutes the gradient bit for bit") {
  const LossBatch batch = LossBatch::random({2, 3, 4}, 28, 0.3);
  const auto straight = evaluate(batch, {.beta = 0.1});
  LossBatch rotated = batch.samples(1, 3);
  const LossBatch head = batch.samples(0, 1);
  rotated.lengths.push_back(2);
  const auto append = [](List& to, const List& from) { to.insert(to.end(), from.begin(), from.end()); };
  append(rotated.logprobs, head.logprobs), append(rotated.old, head.old), append(rotated.ref, head.ref);
  append(rotated.advantages, head.advantages), append(rotated.mask, head.mask);
  const auto out = evaluate(rotated, {.beta = 0.1});
  for (size_t t = 0; t < 9; ++t) CHECK(out.gradient[t] == straight.gradient[(t + 2) % 9]);
}

TEST_CASE("loss: a batch without tokens has loss zero and an empty or zero gradient") {
  LossBatch batch = LossBatch::random({2, 3}, 29, 0.3);
  for (double& m : batch.mask) m = 0;
  const rl::LossTotals totals{.num_samples = 8, .num_tokens = 40, .max_completion_length = 16};
  const auto out = evaluate(batch, {.beta = 0.1, .loss_type = "bnpo"}, totals);
  CHECK(out.loss == 0);
  CHECK(out.gradient == List(5, 0.0));
  CHECK(out.metrics.rows() == decltype(out.metrics.rows()){{"loss", 0.0}});
  CHECK(evaluate(LossBatch{}, {}, totals).gradient.empty());
}

TEST_CASE("sft_loss: the weighted mean negative log-likelihood; weight zero hides anything") {
  const Tensor logprobs = at::tensor(List{-1, kNan, -3}, at::kDouble).requires_grad_(true);
  const auto out = rl::sft_loss(logprobs, at::tensor(List{1, 0, 0.5}, at::kDouble), 3.0);
  out.loss.backward();
  CHECK(out.loss.item().toDouble() == doctest::Approx(2.5 / 3));
  CHECK(test::values(logprobs.grad()) == List{-1.0 / 3, 0, -0.5 / 3});
  CHECK(out.metrics.num_tokens == 2);
}

TEST_CASE("loss: a log-probability or advantage that is not finite is an Error that names sample and token") {
  const LossBatch good = LossBatch::random({2, 3}, 30, 0.1);
  const auto fails = [](const LossBatch& batch, const char* what) {
    check_error([&] { evaluate(batch, {.beta = 0.1}); }, what, "sample 1, token 2 of the loss batch",
                "lower the learning rate");
  };
  LossBatch bad = good;
  bad.logprobs[4] = kNan;
  fails(bad, "the log-probability of the policy is nan");
  bad = good, bad.old[4] = -kInf;
  fails(bad, "the log-probability of the sampling policy is -inf");
  bad = good, bad.ref[4] = kInf;
  fails(bad, "the log-probability of the reference model is inf");
  bad = good, bad.advantages[4] = kNan;
  fails(bad, "the advantage is nan");
  const Tensor logprobs = at::tensor(List{-1, -kInf}, at::kDouble);
  check_error([&] { rl::sft_loss(logprobs, {}, 2); }, "the log-probability of the policy is -inf",
              "token 1 of the loss batch", "resume from an earlier checkpoint");
}

TEST_CASE("loss: where something else than the old policy drew the tokens, a term is multiplied by pi_old / pi_sampler, truncated") {
  const LossBatch batch = LossBatch::random({5, 3}, 31, 0.2);
  for (const char* level : {"token", "sequence", "product"}) {
    const rl::LossConfig config{.beta = 0.0, .importance_sampling_level = level, .importance_sampling_clip_max = 1.5};
    auto in = batch.input();
    in.sampling_logprobs = in.old_logprobs.clone();
    const auto same = rl::grpo_loss(in, batch.totals(), config), plain = rl::grpo_loss(batch.input(), batch.totals(), config);
    CHECK(same.metrics.loss == plain.metrics.loss);
    CHECK(same.metrics.correction_sum == same.metrics.num_tokens);
    CHECK(same.metrics.num_corrections == same.metrics.num_tokens);

    LossBatch scaled = batch;  // the advantages that the corrections amount to
    auto sampling = batch.old;
    double sum = 0, largest = 0;
    for (size_t t = 0; t < sampling.size(); ++t) {
      sampling[t] += t % 2 ? 0.25 : -0.1 * static_cast<double>(t);
      const double correction = std::min(1.5, std::exp(batch.old[t] - sampling[t]));
      scaled.advantages[t] *= correction;
      sum += correction;
      largest = std::max(largest, correction);
    }
    in = batch.input();
    in.sampling_logprobs = at::tensor(sampling, at::kDouble);
    const auto corrected = rl::grpo_loss(in, batch.totals(), config);
    corrected.loss.backward();
    const auto expected = evaluate(scaled, config);
    CHECK(corrected.metrics.loss == doctest::Approx(expected.loss).epsilon(1e-12));
    const auto gradient = in.logprobs.grad();
    for (size_t t = 0; t < sampling.size(); ++t)
      CHECK(gradient.const_data_ptr<double>()[t] == doctest::Approx(expected.gradient[t]).epsilon(1e-12));
    CHECK(corrected.metrics.correction_sum == doctest::Approx(sum));
    CHECK(corrected.metrics.correction_max == largest);
    CHECK(largest == 1.5);
  }
}

TEST_CASE("loss: unknown options are Errors that list the choices") {
  const LossBatch batch = LossBatch::random({2}, 31, 0.1);
  check_error([&] { evaluate(batch, {.loss_type = "drgrpo"}); }, "unknown loss_type \"drgrpo\"", "loss_type",
              "use one of grpo, dapo, dr_grpo, bnpo, cispo, sapo, gspo, luspo, vespo, r1, reinforce");
  check_error([&] { evaluate(batch, {.importance_sampling_level = "word"}); },
              "unknown importance_sampling_level \"word\"", "importance_sampling_level",
              "use token, sequence or product");
  check_error([&] { evaluate(batch, {.kl_loss_type = "k4"}); }, "unknown kl_loss_type \"k4\"", "kl_loss_type", "use k1, k2 or k3");
  check_error([&] { evaluate(batch, {.importance_sampling_mode = "mask"}); }, "unknown importance_sampling_mode \"mask\"",
              "importance_sampling_mode", "use token_truncate, token_mask, sequence_truncate or sequence_mask");
}

TEST_CASE("loss: an entropy that is not finite is an Error where the bonus needs it") {
  LossBatch batch = LossBatch::random({2, 3}, 33, 0.1);
  batch.entropy = List{1, 1, 1, kNan, 1};
  CHECK_NOTHROW(evaluate(batch, {}));
  check_error([&] { evaluate(batch, {.entropy_coef = 0.1}); }, "the entropy is nan", "sample 1, token 1 of the loss batch", "lower the learning rate");
}

TEST_CASE("loss: inputs that contradict each other are caught") {
  const LossBatch batch = LossBatch::random({2, 3}, 32, 0.1);
  const auto fails = [&](auto change, const char* what, const rl::LossConfig& config = {}) {
    rl::LossInput input = batch.input();
    rl::LossTotals totals = batch.totals();
    change(input, totals);
    check_error([&] { rl::grpo_loss(input, totals, config); }, what, "", "please report");
  };
  fails([](auto& in, auto&) { in.sample_offsets = {0, 2}; }, "sample_offsets must rise from 0 to N");
  fails([](auto& in, auto&) { in.sample_offsets = {0, 6, 5}; }, "sample_offsets must rise from 0 to N");
  fails([](auto& in, auto&) { in.old_logprobs = at::tensor(List{1}, at::kDouble); }, "old_logprobs must be [5]");
  fails([](auto& in, auto&) { in.advantages = Tensor(); }, "advantages are required");
  fails([](auto& in, auto&) { in.mask = in.advantages; }, "mask values must be 0 or 1");
  fails([](auto& in, auto&) { in.ref_logprobs = Tensor(); }, "beta != 0 needs ref_logprobs", {.beta = 0.1});
  fails([](auto&, auto& totals) { totals.entropy_coef = 0.1; }, "an entropy bonus or threshold needs the entropy");
  fails([](auto&, auto& totals) { totals.entropy_threshold = 0.1; }, "an entropy bonus or threshold needs the entropy");
  fails([](auto&, auto& totals) { totals.num_tokens = 0; }, "totals of the update must be positive");
  fails([](auto&, auto& totals) { totals.max_completion_length = 0; }, "needs max_completion_length",
        {.loss_type = "dr_grpo"});
}

}  // namespace lockstep
