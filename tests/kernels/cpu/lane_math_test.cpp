// SPDX-License-Identifier: Apache-2.0
// exp, log, sigmoid and silu: their error against f64 libm, their special values, and one sequence of bits everywhere.
#include <algorithm>

#include "base/log_f32.h"
#include "kernels/cpu/math_ref.h"
#include "tests/kernels/cpu/lanes_cases.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

using Map = void (*)(const float*, float*, int64_t);
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Distance in units of the last place of an f32 beside `wanted`.
double ulps(float got, double wanted) {
  int exponent = 0;
  std::frexp(wanted, &exponent);
  return std::abs(static_cast<double>(got) - wanted) / std::ldexp(1.0, exponent - 24);
}

// Every `step`-th f32 between two of the same sign, a multiple of sixteen of them.
std::vector<float> every(float from, float to, uint32_t step) {
  uint32_t low = std::bit_cast<uint32_t>(from), high = std::bit_cast<uint32_t>(to);
  if (low > high) std::swap(low, high);
  std::vector<float> values;
  for (uint32_t bits = low; bits < high || values.size() % 16 != 0; bits += step)
    values.push_back(std::bit_cast<float>(std::min(bits, high)));
  return values;
}

std::vector<float> apply(Map map, const std::vector<float>& x) {
  const FloatMode mode;
  std::vector<float> y(x.size());
  map(x.data(), y.data(), static_cast<int64_t>(x.size()));
  return y;
}

template <class Exact>
double worst_error(Map map, const std::vector<float>& x, Exact exact) {
  const auto y = apply(map, x);
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) worst = std::max(worst, ulps(y[i], exact(static_cast<double>(x[i]))));
  return worst;
}

struct Case {
  float x, wanted;
};
void check_values(Map map, std::vector<Case> cases, const char* what) {
  std::vector<float> x(16, 1.0f);
  REQUIRE(cases.size() <= x.size());
  for (size_t i = 0; i < cases.size(); ++i) x[i] = cases[i].x;
  const auto y = apply(map, x);
  for (size_t i = 0; i < cases.size(); ++i) {
    INFO(std::string(what) << "(" << x[i] << ") = " << y[i] << ", wanted " << cases[i].wanted);
    CHECK(same_bits(y[i], cases[i].wanted));
  }
}

}  // namespace

TEST_CASE("lane math: the error of exp, log, sigmoid and silu is what the header says") {
  const LaneCases& best = lane_cases(best_isa());
  const auto exact_exp = [](double x) { return std::exp(x); };
  const auto exact_sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto exact_silu = [](double x) { return x / (1 + std::exp(-x)); };
  CHECK(worst_error(best.exp, every(1e-9f, 88.37f, 401), exact_exp) <= 0.88);
  CHECK(worst_error(best.exp, every(-1e-9f, -87.33f, 401), exact_exp) <= 0.88);
  CHECK(worst_error(best.log, every(0.5f, 2.0f, 11), [](double x) { return std::log(x); }) <= 0.93);
  CHECK(worst_error(best.log, every(1.2e-38f, 3.4e38f, 1301), [](double x) { return std::log(x); }) <= 0.93);
  CHECK(worst_error(best.sigmoid, every(1e-9f, 100.0f, 1501), exact_sigmoid) <= 2.5);
  CHECK(worst_error(best.sigmoid, every(-1e-9f, -87.0f, 1501), exact_sigmoid) <= 2.5);
  CHECK(worst_error(best.silu, every(1e-9f, 100.0f, 1501), exact_silu) <= 2.5);
  CHECK(worst_error(best.silu, every(-1e-9f, -80.0f, 1501), exact_silu) <= 2.5);
}

TEST_CASE("lane math: special values") {
  const float smallest = std::numeric_limits<float>::min();
  for (const Isa isa : all_isas()) {
    const LaneCases& lanes = lane_cases(isa);
    check_values(lanes.exp,
                 {{0, 1},
                  {-0.0f, 1},
                  {1e-40f, 1},
                  {kInfinity, kInfinity},
                  {-kInfinity, 0},
                  {kNan, kNan},
                  {-87.5f, 0},
                  {88.4f, kInfinity},
                  {-1e30f, 0},
                  {1e30f, kInfinity}},
                 "exp");
    check_values(lanes.log,
                 {{0, -kInfinity},
                  {-0.0f, -kInfinity},
                  {1e-40f, -kInfinity},
                  {-1e-40f, -kInfinity},
                  {-1, kNan},
                  {-smallest, kNan},
                  {kInfinity, kInfinity},
                  {-kInfinity, kNan},
                  {kNan, kNan},
                  {1, 0}},
                 "log");
    check_values(lanes.sigmoid, {{0, 0.5f}, {kInfinity, 1}, {-kInfinity, 0}, {-88.5f, 0}, {20, 1}, {kNan, kNan}},
                 "sigmoid");
    check_values(lanes.silu,
                 {{0, 0}, {-0.0f, -0.0f}, {kInfinity, kInfinity}, {-100, -0.0f}, {-kInfinity, kNan}, {30, 30}}, "silu");
  }
}

TEST_CASE("lane math: every instruction set and the scalar reference give the same bits; log is the project's log") {
  auto x = wild_values(1 << 14, 5);
  for (size_t i = 0; i < x.size(); i += 3) x[i] *= 40.0f;
  base::Random random(6, "lane math test");
  for (size_t i = 0; i < x.size(); i += 5) x[i] = std::bit_cast<float>(random.bits());
  const FloatMode mode;
  const auto reference = [&](float (*f)(float)) {
    std::vector<float> y;
    for (const float v : x) y.push_back(f(v));
    return y;
  };
  for (const Isa isa : all_isas()) {
    const LaneCases& lanes = lane_cases(isa);
    check_same(apply(lanes.exp, x), reference(exp_ref), "exp");
    check_same(apply(lanes.log, x), reference(log_ref), "log");
    check_same(apply(lanes.sigmoid, x), reference(sigmoid_ref), "sigmoid");
    check_same(apply(lanes.silu, x), reference(silu_ref), "silu");
  }
}

}  // namespace lockstep::kernels::cpu::test
