// SPDX-License-Identifier: Apache-2.0
// SwiGLU: the kernels are the reference in bits, and its gradient is the slope of the f64 formula.
#include "kernels/cpu/swiglu_ref.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

struct Setup {
  int64_t rows, width;
  Array gate_up, g, y, d;

  Setup(int64_t num_rows, int64_t row_width, Dtype dtype, bool wild, uint64_t seed)
      : rows(num_rows),
        width(row_width),
        gate_up(dtype, values(2 * width + 3, wild, seed)),
        g(dtype, values(width + 2, wild, seed + 1)),
        y(dtype, values(width + 1, false, seed + 2)),
        d(dtype, values(2 * width + 5, false, seed + 3)) {}

  std::vector<float> values(int64_t stride, bool wild, uint64_t seed) const {
    return wild ? wild_values(rows * stride, seed) : normal_values(rows * stride, seed, 5.0);
  }
  Swiglu forward() { return {rows, width, y.dtype(), gate_up.data(), 2 * width + 3, y.data(), width + 1}; }
  SwigluGrad grad() {
    return {rows, width, y.dtype(), gate_up.data(), g.data(), d.data(), 2 * width + 3, width + 2, 2 * width + 5};
  }
};

}  // namespace

TEST_CASE("swiglu: forward and gradient equal the reference in bits") {
  uint64_t seed = 0;
  for (const Dtype dtype : kDtypes)
    for (const int64_t width : odd_widths())
      for (const bool wild : {false, true}) {
        const auto rows = static_cast<int64_t>(++seed % 4);
        Setup wanted(rows, width, dtype, wild, seed * 10);
        swiglu_ref(wanted.forward());
        swiglu_grad_ref(wanted.grad());
        for (const Isa isa : all_isas()) {
          Setup got(rows, width, dtype, wild, seed * 10);
          swiglu(got.forward(), isa);
          swiglu_grad(got.grad(), isa);
          const std::string what = cat(isa_name(isa), " ", dtype_name(dtype), " width ", width);
          check_same(got.y, wanted.y, what + ", y");
          check_same(got.d, wanted.d, what + ", gradient");
        }
      }
}

TEST_CASE("swiglu: a row's output does not depend on how many rows there are") {
  Setup together(5, 21, Dtype::bf16, true, 3), alone(5, 21, Dtype::bf16, true, 3);
  swiglu(together.forward());
  for (int64_t n = 0; n < 5; ++n) {
    Swiglu a = alone.forward();
    a.rows = 1;
    a.gate_up = alone.gate_up.at(n * a.gate_up_stride);
    a.y = alone.y.at(n * a.y_stride);
    swiglu(a);
  }
  check_same(alone.y, together.y, "rows alone");
}

TEST_CASE("swiglu: the gradient is the slope of silu(gate) up in f64") {
  const int64_t width = 300;
  Setup s(1, width, Dtype::f32, false, 4);
  swiglu(s.forward());
  swiglu_grad(s.grad());
  const auto silu = [](double g) { return g / (1 + std::exp(-g)); };
  for (int64_t i = 0; i < width; ++i) {
    const double gate = s.gate_up.value(i), up = s.gate_up.value(width + i), g = s.g.value(i), step = 1e-5;
    const double slope = (silu(gate + step) - silu(gate - step)) / (2 * step);
    CHECK(s.y.value(i) == doctest::Approx(silu(gate) * up).epsilon(1e-6));
    CHECK(std::abs(s.d.value(i) - g * up * slope) <= 1e-6 * std::abs(g * up));
    CHECK(s.d.value(width + i) == doctest::Approx(g * silu(gate)).epsilon(1e-6));
  }
}

}  // namespace lockstep::kernels::cpu::test
