// SPDX-License-Identifier: Apache-2.0
// The arithmetic of AdamW: against f64, against the torch form in bits, and the conversions.
#include "rl/adamw_update.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"

namespace lockstep {

using Floats = std::vector<float>;

namespace {

Floats normals(uint64_t seed, size_t n, double scale) {
  base::Random rng(seed, "adamw");
  Floats out;
  for (size_t i = 0; i < n; ++i) out.push_back(static_cast<float>(scale * rng.normal()));
  return out;
}

struct State {
  Floats master = normals(1, 1000, 1), exp_avg = normals(2, 1000, 0.1), exp_avg_sq, gradient = normals(3, 1000, 0.5);
  State() {
    for (float x : normals(4, 1000, 0.1)) exp_avg_sq.push_back(x * x);
  }
  rl::AdamWSpan span() { return {master.data(), exp_avg.data(), exp_avg_sq.data(), gradient.data(), nullptr, 1000}; }
};

const rl::AdamWScalars kScalars{.learning_rate = 3e-3,
                                .beta1 = 0.9,
                                .beta2 = 0.95,
                                .epsilon = 1e-8,
                                .weight_decay = 0.1,
                                .grad_scale = 0.7,
                                .step = 5};

Tensor tensor_of(Floats& values) {
  return at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::kFloat);
}

// The bf16 copy that an update which changes nothing leaves.
std::vector<uint16_t> rounded_by_update(Floats values) {
  Floats zeros(values.size()), more_zeros = zeros, gradient = zeros;
  std::vector<uint16_t> out(values.size());
  const rl::AdamWScalars still{.learning_rate = 0, .beta1 = 0.9, .beta2 = 0.9, .epsilon = 1, .weight_decay = 0, .grad_scale = 1, .step = 1};
  rl::adamw_update({values.data(), zeros.data(), more_zeros.data(), gradient.data(), out.data(), static_cast<int64_t>(values.size())},
                   rl::adamw_coefficients(still));
  return out;
}

}  // namespace

TEST_CASE("adamw: equals the formula in f64 to f32 rounding") {
  State state;
  const State before;
  rl::adamw_update(state.span(), rl::adamw_coefficients(kScalars));
  const rl::AdamWScalars& s = kScalars;
  for (size_t i = 0; i < 1000; ++i) {
    const double g = s.grad_scale * before.gradient[i];
    const double m = s.beta1 * before.exp_avg[i] + (1 - s.beta1) * g;
    const double v = s.beta2 * before.exp_avg_sq[i] + (1 - s.beta2) * g * g;
    const double step = m / (1 - std::pow(s.beta1, 5)) / (std::sqrt(v / (1 - std::pow(s.beta2, 5))) + s.epsilon);
    const double theta = before.master[i] * (1 - s.learning_rate * s.weight_decay) - s.learning_rate * step;
    CHECK(std::abs(state.exp_avg[i] - m) < 2e-7 * (std::abs(m) + 0.05));
    CHECK(std::abs(state.exp_avg_sq[i] - v) < 3e-7 * v);
    CHECK(std::abs(state.master[i] - theta) < 2e-7 * (std::abs(theta) + 0.05));
  }
}

TEST_CASE(
    "adamw: the form in torch operations gives the same moments in bits, and parameters but for its square root") {
  State state, other;
  Tensor master = tensor_of(other.master), m = tensor_of(other.exp_avg), v = tensor_of(other.exp_avg_sq);
  for (int64_t step = 1; step <= 5; ++step) {
    rl::AdamWScalars scalars = kScalars;
    scalars.step = step;
    const auto coefficients = rl::adamw_coefficients(scalars);
    rl::adamw_update(state.span(), coefficients);
    rl::adamw_update_portable(master, m, v, tensor_of(other.gradient), coefficients);
  }
  for (size_t i = 0; i < 1000; ++i) CHECK(state.master[i] == doctest::Approx(other.master[i]).epsilon(1e-6));
  CHECK(state.exp_avg == other.exp_avg);
  CHECK(state.exp_avg_sq == other.exp_avg_sq);
}

TEST_CASE("adamw: an element's update does not depend on where the stretch begins or ends") {
  State whole, cut;
  const auto coefficients = rl::adamw_coefficients(kScalars);
  rl::adamw_update(whole.span(), coefficients);
  for (const auto& [begin, end] : std::vector<std::pair<int, int>>{{0, 1}, {1, 18}, {18, 999}, {999, 1000}}) {
    rl::AdamWSpan span = cut.span();
    span.master += begin, span.exp_avg += begin, span.exp_avg_sq += begin, span.gradient += begin;
    span.size = end - begin;
    rl::adamw_update(span, coefficients);
  }
  CHECK(whole.master == cut.master);
}

TEST_CASE("adamw: the first step moves each element by the learning rate against the sign of its gradient") {
  State state;
  state.exp_avg.assign(1000, 0), state.exp_avg_sq.assign(1000, 0), state.master.assign(1000, 0);
  rl::AdamWScalars scalars = kScalars;
  scalars.step = 1, scalars.weight_decay = 0;
  rl::adamw_update(state.span(), rl::adamw_coefficients(scalars));
  for (size_t i = 0; i < 1000; ++i) {
    CHECK(state.master[i] == doctest::Approx(state.gradient[i] > 0 ? -3e-3 : 3e-3).epsilon(1e-4));
  }
}

TEST_CASE("adamw: moments that have decayed into denormals become zero") {
  State state;
  state.exp_avg.assign(1000, 1.2e-38f), state.exp_avg_sq.assign(1000, 1e-42f), state.gradient.assign(1000, 0);
  rl::adamw_update(state.span(), rl::adamw_coefficients(kScalars));
  CHECK(state.exp_avg == Floats(1000, 0.0f));
  CHECK(state.exp_avg_sq == Floats(1000, 0.0f));
}

TEST_CASE("sum_of_squares: equals long double to 1e-14 for every remainder of 8") {
  const Floats values = normals(9, 100, 3);
  for (int64_t size = 0; size <= 40; ++size) {
    long double exact = 0;
    for (int64_t i = 0; i < size; ++i) exact += static_cast<long double>(values[size_t(i)]) * values[size_t(i)];
    CHECK(rl::sum_of_squares(values.data(), size) == doctest::Approx(static_cast<double>(exact)).epsilon(1e-14));
  }
}

TEST_CASE("bf16: the optimizer's rounding equals torch's for random bits, ties, infinities and overflow; denormals are 0, NaN stays NaN") {
  base::Random rng(5, "bf16");
  Floats values = {0.0f, -0.0f, 1.0f, INFINITY, -INFINITY, std::numeric_limits<float>::max()};
  for (uint32_t tie : {0x3f808000u, 0x3f818000u, 0x3f80ffffu, 0x00008000u, 0x7f7f8000u}) {
    values.push_back(std::bit_cast<float>(tie));
  }
  while (values.size() < 4000) {
    const float x = std::bit_cast<float>(rng.bits());
    if (!std::isnan(x)) values.push_back(x);
  }
  const auto bits = rounded_by_update(values);
  for (float& x : values)
    if (std::fpclassify(x) == FP_SUBNORMAL) x = std::copysign(0.0f, x);
  const Tensor expected = tensor_of(values).to(at::kBFloat16);
  const auto* reference = static_cast<const uint16_t*>(expected.const_data_ptr());
  CHECK(bits == std::vector<uint16_t>(reference, reference + bits.size()));
  Floats back(values.size());
  rl::bf16_to_f32(bits.data(), back.data(), static_cast<int64_t>(values.size()));
  Tensor widened = expected.to(at::kFloat);
  CHECK(back == Floats(widened.const_data_ptr<float>(), widened.const_data_ptr<float>() + back.size()));

  const float nan = std::bit_cast<float>(0x7f800001u);  // rounding it as a number would give infinity
  CHECK((rounded_by_update({nan})[0] & 0x7fff) > 0x7f80);
}

}  // namespace lockstep
