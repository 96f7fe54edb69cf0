// SPDX-License-Identifier: Apache-2.0
// Log-softmax: one order of summation however the vocabulary is cut, near the f64 truth, gradients that sum to zero.
#include "kernels/cpu/log_softmax_ref.h"

#include <algorithm>
#include <numeric>

#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> as_floats(const std::vector<SoftmaxSums>& sums) {
  std::vector<float> values;
  for (const SoftmaxSums& s : sums) for (const double x : {static_cast<double>(s.max), s.sum, s.weighted}) {
      values.push_back(static_cast<float>(x));
      values.push_back(static_cast<float>(x - static_cast<double>(values.back())));  // a double's other bits
    }
  return values;
}

struct Setup {
  int64_t rows, columns, stride;
  std::vector<float> logits, g, g_entropy;
  std::vector<int64_t> targets;
  std::vector<SoftmaxSums> sums;

  Setup(int64_t num_rows, int64_t num_columns, std::vector<float> values, uint64_t seed)
      : rows(num_rows),
        columns(num_columns),
        stride(num_columns + 3),
        logits(std::move(values)),
        g(normal_values(num_rows, seed)),
        g_entropy(normal_values(num_rows, seed + 1)),
        sums(static_cast<size_t>(num_rows)) {
    base::Random random(seed, "log_softmax test");
    logits.resize(static_cast<size_t>(rows * stride), 7.0f);
    for (int64_t n = 0; n < rows; ++n) targets.push_back(random.between(0, columns - 1));
  }
  LogitRows in(float temperature) const { return {rows, columns, logits.data(), stride, temperature}; }
  std::vector<float> target_logits() const {
    std::vector<float> chosen;
    for (int64_t n = 0; n < rows; ++n)
      chosen.push_back(logits[static_cast<size_t>(n * stride + targets[static_cast<size_t>(n)])]);
    return chosen;
  }
};

using Make = Setup (*)(int64_t, int64_t, uint64_t);

Setup tame(int64_t rows, int64_t columns, uint64_t seed) {
  return Setup(rows, columns, normal_values(rows * (columns + 3), seed, 4.0), seed);
}
Setup wild(int64_t rows, int64_t columns, uint64_t seed) {
  return Setup(rows, columns, wild_values(rows * (columns + 3), seed), seed);
}
// Many -inf and a maximum that grows from block to block.
Setup growing(int64_t rows, int64_t columns, uint64_t seed) {
  auto values = normal_values(rows * (columns + 3), seed);
  base::Random random(seed, "log_softmax test, growing");
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = random.chance(0.3) ? -kInfinity : values[i] + static_cast<float>(i) * 0.03f;
  return Setup(rows, columns, values, seed);
}

std::vector<int64_t> vocabularies() { return {1, 2, 15, 16, 17, 100, 511, 512, 513, 1023, 1024, 1025, 1600, 2048}; }

struct Exact {
  double logprob = 0, entropy = 0;
};
Exact exact(const Setup& s, int64_t n, double temperature) {
  double sum = 0, largest = -1e300;
  const auto logit = [&](int64_t j) {
    return static_cast<double>(s.logits[static_cast<size_t>(n * s.stride + j)]) / temperature;
  };
  for (int64_t j = 0; j < s.columns; ++j) largest = std::max(largest, logit(j));
  for (int64_t j = 0; j < s.columns; ++j) sum += std::exp(logit(j) - largest);
  Exact out;
  out.logprob = logit(s.targets[static_cast<size_t>(n)]) - largest - std::log(sum);
  for (int64_t j = 0; j < s.columns; ++j) {
    const double logp = logit(j) - largest - std::log(sum);
    out.entropy -= std::exp(logp) * logp;
  }
  return out;
}

}  // namespace

TEST_CASE("log_softmax: sums, log-probs and entropies equal the reference in bits") {
  uint64_t seed = 0;
  for (const int64_t columns : vocabularies())
    for (const auto make : {tame, wild, growing})
      for (const float temperature : {1.0f, 0.7f}) {
        const auto rows = static_cast<int64_t>(++seed % 4);
        Setup wanted = make(rows, columns, seed);
        const auto chosen = wanted.target_logits();
        std::vector<float> logprobs(chosen.size()), entropy(chosen.size());
        add_softmax_sums_ref(wanted.in(temperature), wanted.sums.data());
        token_logprobs_ref({rows, chosen.data(), temperature, wanted.sums.data(), logprobs.data(), entropy.data()});
        for (const Isa isa : all_isas()) {
          Setup got = make(rows, columns, seed);
          std::vector<float> got_logprobs(chosen.size()), got_entropy(chosen.size());
          add_softmax_sums(got.in(temperature), got.sums.data(), isa);
          token_logprobs({rows, chosen.data(), temperature, got.sums.data(), got_logprobs.data(), got_entropy.data()},
                         isa);
          const std::string what = cat(isa_name(isa), " columns ", columns);
          check_same(as_floats(got.sums), as_floats(wanted.sums), what + ", sums");
          check_same(got_logprobs, logprobs, what + ", log-probs");
          check_same(got_entropy, entropy, what + ", entropy");
        }
      }
}

TEST_CASE("log_softmax: a vocabulary in parts, a row alone and all at once give the same bits") {
  for (const auto make : {tame, growing}) {
    Setup whole = make(3, 1600, 5), parts = make(3, 1600, 5), alone = make(3, 1600, 5);
    add_softmax_sums(whole.in(0.9f), whole.sums.data());
    for (const auto& [begin, count] : {std::pair<int64_t, int64_t>{0, 512}, {512, 1024}, {1536, 64}}) {
      LogitRows part = parts.in(0.9f);
      part.logits += begin;
      part.columns = count;
      add_softmax_sums(part, parts.sums.data());
    }
    for (int64_t n = 2; n >= 0; --n) {
      LogitRows row = alone.in(0.9f);
      row.rows = 1;
      row.logits += n * row.stride;
      add_softmax_sums(row, &alone.sums[static_cast<size_t>(n)]);
    }
    check_same(as_floats(parts.sums), as_floats(whole.sums), "parts");
    check_same(as_floats(alone.sums), as_floats(whole.sums), "alone");
  }
}

TEST_CASE("log_softmax: log-probs and entropy are near the f64 truth, at a real vocabulary too") {
  for (const auto make : {tame, growing})
    for (const int64_t columns : {int64_t{100}, int64_t{49'152}})
      for (const float temperature : {1.0f, 0.6f}) {
        Setup s = make(4, columns, static_cast<uint64_t>(columns) + 1);
        for (int64_t& t : s.targets)  // a target that can be drawn
          while (s.logits[static_cast<size_t>((&t - s.targets.data()) * s.stride + t)] == -kInfinity)
            t = (t + 1) % columns;
        const auto chosen = s.target_logits();
        std::vector<float> logprobs(4), entropy(4);
        add_softmax_sums(s.in(temperature), s.sums.data());
        token_logprobs({4, chosen.data(), temperature, s.sums.data(), logprobs.data(), entropy.data()});
        for (int64_t n = 0; n < 4; ++n) {
          const auto k = static_cast<size_t>(n);
          Setup finite = s;
          for (float& x : finite.logits) x = std::max(x, -1e6f);
          const Exact truth = exact(finite, n, static_cast<double>(temperature));
          CHECK(std::abs(logprobs[k] - truth.logprob) <= 2e-7 * std::abs(truth.logprob) + 2e-6);
          // Division by the temperature rounds each logit; the largest here is 9800.
          CHECK(std::abs(entropy[k] - truth.entropy) <= 5e-6 + 0x1p-24 * static_cast<double>(s.sums[k].max));
        }
      }
}

TEST_CASE("log_softmax: rows without a distribution give NaN and no other harm") {
  const auto logprob = [](std::vector<float> row) {
    SoftmaxSums sums;
    float out = 0;
    add_softmax_sums({1, static_cast<int64_t>(row.size()), row.data(), 0, 1.0f}, &sums);
    token_logprobs({1, row.data(), 1.0f, &sums, &out, nullptr});
    return out;
  };
  CHECK(std::isnan(logprob({-kInfinity, -kInfinity})));
  CHECK(std::isnan(logprob({0, kInfinity})));
  CHECK(std::isnan(logprob({0, std::numeric_limits<float>::quiet_NaN()})));
  std::vector<float> late(1200, -kInfinity);
  late[700] = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(logprob(late)));
  CHECK(logprob({3}) == 0.0f);
  CHECK(logprob({-kInfinity, 3}) == -kInfinity);
}

TEST_CASE("log_softmax: gradients equal the reference in bits, in one part or several, apart or in place") {
  uint64_t seed = 50;
  for (const Dtype dtype : kDtypes)
    for (const int64_t columns : vocabularies())
      for (const auto& [make, with_entropy] :
           {std::pair<Make, bool>{tame, false}, {wild, false}, {tame, true}, {wild, true}, {growing, true}}) {
        const auto rows = static_cast<int64_t>(++seed % 4);
        Setup s = make(rows, columns, seed);
        add_softmax_sums(s.in(0.8f), s.sums.data());
        const auto before = normal_values(rows * s.stride, seed);
        const float* g_entropy = with_entropy ? s.g_entropy.data() : nullptr;
        const auto args = [&](Array& out) {
          return LogSoftmaxGrad{s.in(0.8f), 0,     s.sums.data(), s.targets.data(), s.g.data(),
                                dtype,      out.data(), s.stride, g_entropy};
        };
        Array wanted(dtype, before);
        log_softmax_grad_ref(args(wanted));
        for (const Isa isa : all_isas()) {
          Array got(dtype, before);
          LogSoftmaxGrad a = args(got);
          const int64_t cut = columns / 3;
          a.in.columns = cut;
          log_softmax_grad(a, isa);
          a.in.columns = columns - cut;
          a.in.logits += cut;
          a.first_column = cut;
          a.d_logits = got.at(cut);
          log_softmax_grad(a, isa);
          check_same(got, wanted, cat(isa_name(isa), " ", dtype_name(dtype), " columns ", columns));
        }
        if (dtype == Dtype::bf16) continue;
        Array out(dtype, s.logits);
        LogSoftmaxGrad in_place = args(out);
        in_place.in.logits = static_cast<const float*>(out.data());
        log_softmax_grad(in_place);
        for (int64_t n = 0; n < rows; ++n)
          for (int64_t j = 0; j < columns; ++j)
            CHECK(same_bits(out.value(n * s.stride + j), wanted.value(n * s.stride + j)));
      }
}

TEST_CASE("log_softmax: the gradient is the slope of the f64 log-prob") {
  const int64_t columns = 40;
  Setup s = tame(1, columns, 77);
  add_softmax_sums(s.in(0.8f), s.sums.data());
  std::vector<float> d(s.logits.size());
  log_softmax_grad({s.in(0.8f), 0, s.sums.data(), s.targets.data(), s.g.data(), Dtype::f32, d.data(), s.stride});
  const auto temperature = static_cast<double>(0.8f);
  for (int64_t j = 0; j < columns; ++j) {
    Setup above = s, below = s;
    above.logits[static_cast<size_t>(j)] += 0.0078125f;
    below.logits[static_cast<size_t>(j)] -= 0.0078125f;
    const double step = static_cast<double>(above.logits[static_cast<size_t>(j)]) -
                        static_cast<double>(below.logits[static_cast<size_t>(j)]);
    const double slope = (exact(above, 0, temperature).logprob - exact(below, 0, temperature).logprob) / step;
    CHECK(std::abs(d[static_cast<size_t>(j)] - slope * s.g[0]) <= 3e-5);
  }
  CHECK(std::abs(std::accumulate(d.begin(), d.begin() + columns, 0.0)) <= 1e-6);
}

TEST_CASE("log_softmax: the gradient of the entropy is the slope of the f64 entropy, also where a logit is -inf") {
  const int64_t columns = 40;
  Setup s = tame(1, columns, 78);
  s.logits[3] = -kInfinity;
  add_softmax_sums(s.in(0.8f), s.sums.data());
  std::vector<float> d(s.logits.size());
  const float none = 0, one = 1;
  log_softmax_grad({s.in(0.8f), 0, s.sums.data(), s.targets.data(), &none, Dtype::f32, d.data(), s.stride, &one});
  Setup finite = s;
  finite.logits[3] = -1e6f;
  for (int64_t j = 0; j < columns; ++j) {
    const auto k = static_cast<size_t>(j);
    if (s.logits[k] == -kInfinity) continue;
    Setup above = finite, below = finite;
    above.logits[k] += 0.0078125f;
    below.logits[k] -= 0.0078125f;
    const double step = static_cast<double>(above.logits[k]) - static_cast<double>(below.logits[k]);
    const double slope = (exact(above, 0, static_cast<double>(0.8f)).entropy - exact(below, 0, static_cast<double>(0.8f)).entropy) / step;
    CHECK(std::abs(static_cast<double>(d[k]) - slope) <= 3e-5);
  }
  CHECK(d[3] == 0.0f);
  CHECK(std::abs(std::accumulate(d.begin(), d.begin() + columns, 0.0)) <= 1e-6);
}

}  // namespace lockstep::kernels::cpu::test
