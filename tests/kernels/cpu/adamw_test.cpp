// SPDX-License-Identifier: Apache-2.0
// The optimizer's passes: reference bits at every size, sums that can be shared out, AdamW against its formula in f64.
#include "kernels/cpu/adamw_ref.h"

#include <algorithm>

#include "kernels/cpu/math_ref.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

std::vector<int64_t> sizes() { return {0, 1, 5, 15, 16, 17, 100, 4095, 4096, 4097, 9000, 64 * 4096 + 33}; }

struct Setup {
  std::vector<float> master, exp_avg, exp_avg_sq, gradient;
  std::vector<uint16_t> bf16;

  Setup(int64_t size, bool wild, uint64_t seed)
      : master(normal_values(size, seed)),
        exp_avg(normal_values(size, seed + 1, 0.1)),
        exp_avg_sq(normal_values(size, seed + 2, 0.01)),
        gradient(wild ? wild_values(size, seed + 3) : normal_values(size, seed + 3)),
        bf16(static_cast<size_t>(size)) {
    for (float& v : exp_avg_sq) v = std::abs(v);
  }
  AdamWSpan span(bool with_bf16) {
    return {master.data(),
            exp_avg.data(),
            exp_avg_sq.data(),
            gradient.data(),
            with_bf16 ? bf16.data() : nullptr,
            static_cast<int64_t>(master.size())};
  }
};

}  // namespace

TEST_CASE("adamw: updates equal the reference in bits") {
  const AdamWCoefficients c = adamw_coefficients({1e-3, 0.9, 0.95, 1e-8, 0.1, 0.7, 3});
  for (const int64_t size : sizes())
    for (const bool wild : {false, true})
      for (const bool with_bf16 : {false, true}) {
        Setup wanted(size, wild, 7);
        adamw_ref(wanted.span(with_bf16), c);
        for (const Isa isa : all_isas()) {
          Setup got(size, wild, 7);
          adamw(got.span(with_bf16), c, isa);
          const std::string what = cat(isa_name(isa), " size ", size);
          check_same(got.master, wanted.master, what + ", master");
          check_same(got.exp_avg, wanted.exp_avg, what + ", m");
          check_same(got.exp_avg_sq, wanted.exp_avg_sq, what + ", v");
          check_same(got.bf16, wanted.bf16, what + ", bf16");
        }
      }
}

TEST_CASE("adamw: five steps follow algorithm 2 of the paper in f64") {
  Setup s(50, false, 9);
  std::fill(s.exp_avg.begin(), s.exp_avg.end(), 0.0f);
  std::fill(s.exp_avg_sq.begin(), s.exp_avg_sq.end(), 0.0f);
  std::vector<double> theta(s.master.begin(), s.master.end()), m(50), v(50);
  for (int64_t step = 1; step <= 5; ++step) {
    s.gradient = normal_values(50, static_cast<uint64_t>(100 + step));
    adamw(s.span(true), adamw_coefficients({1e-2, 0.9, 0.999, 1e-8, 0.05, 0.5, step}));
    for (size_t i = 0; i < 50; ++i) {
      const double g = 0.5 * static_cast<double>(s.gradient[i]);
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.999 * v[i] + 0.001 * g * g;
      const double t = static_cast<double>(step), m_hat = m[i] / (1 - std::pow(0.9, t)),
                   v_hat = v[i] / (1 - std::pow(0.999, t));
      theta[i] -= 1e-2 * (m_hat / (std::sqrt(v_hat) + 1e-8) + 0.05 * theta[i]);
    }
  }
  for (size_t i = 0; i < 50; ++i) {
    CHECK(std::abs(s.master[i] - theta[i]) <= 2e-6);
    CHECK(s.bf16[i] == to_bf16_ref(s.master[i]));
  }
}

}  // namespace lockstep::kernels::cpu::test
