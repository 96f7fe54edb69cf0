// SPDX-License-Identifier: Apache-2.0
// The slot combination: slot order, strides and shared rows as the reference has them, gradients that are slopes.
#include "kernels/cpu/combine_ref.h"

#include <numeric>

#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

struct Setup {
  int64_t rows, slots, width, stride;
  Array y, shared, out, g, dy;
  std::vector<float> weights, d_weights;
  std::vector<int64_t> slot_row;

  Setup(int64_t num_rows, int64_t num_slots, int64_t row_width, Dtype dtype, bool wild, uint64_t seed)
      : rows(num_rows),
        slots(num_slots),
        width(row_width),
        stride(row_width + 2),
        y(dtype, values(rows * slots, wild, seed)),
        shared(dtype, values(rows, wild, seed + 1)),
        out(dtype, values(rows, false, seed + 2)),
        g(dtype, values(rows, wild, seed + 3)),
        dy(dtype, values(rows * slots, false, seed + 4)),
        weights(normal_values(rows * slots, seed + 5)),
        d_weights(weights.size()),
        slot_row(weights.size()) {
    std::iota(slot_row.begin(), slot_row.end(), 0);
    base::Random(seed, "combine test").shuffle(slot_row);
  }
  std::vector<float> values(int64_t num_rows, bool wild, uint64_t seed) const {
    return wild ? wild_values(num_rows * stride, seed) : normal_values(num_rows * stride, seed);
  }
  Combine forward(bool with_weights, bool with_shared) {
    return {.rows = rows,
            .slots = slots,
            .width = width,
            .dtype = y.dtype(),
            .y = y.data(),
            .slot_row = slot_row.data(),
            .weights = with_weights ? weights.data() : nullptr,
            .shared = with_shared ? shared.data() : nullptr,
            .out = out.data(),
            .y_stride = stride,
            .shared_stride = stride,
            .out_stride = stride};
  }
  CombineGrad grad() {
    return {.rows = rows,
            .slots = slots,
            .width = width,
            .dtype = y.dtype(),
            .g = g.data(),
            .y = y.data(),
            .slot_row = slot_row.data(),
            .weights = weights.data(),
            .dy = dy.data(),
            .d_weights = d_weights.data(),
            .g_stride = stride,
            .y_stride = stride,
            .dy_stride = stride};
  }
};

}  // namespace

TEST_CASE("combine: sums and gradients equal the reference in bits, with and without weights and shared rows") {
  uint64_t seed = 0;
  for (const Dtype dtype : kDtypes)
    for (const int64_t width : odd_widths())
      for (const bool wild : {false, true}) {
        const auto rows = static_cast<int64_t>(++seed % 4), slots = static_cast<int64_t>(seed % 7);
        const bool with_weights = seed % 3 != 0, with_shared = seed % 2 == 0;
        Setup wanted(rows, slots, width, dtype, wild, seed * 10);
        combine_slots_ref(wanted.forward(with_weights, with_shared));
        combine_slots_grad_ref(wanted.grad());
        for (const Isa isa : all_isas()) {
          Setup got(rows, slots, width, dtype, wild, seed * 10);
          combine_slots(got.forward(with_weights, with_shared), isa);
          combine_slots_grad(got.grad(), isa);
          const std::string what = cat(isa_name(isa), " ", dtype_name(dtype), " width ", width, " slots ", slots);
          check_same(got.out, wanted.out, what + ", out");
          check_same(got.dy, wanted.dy, what + ", dy");
          check_same(got.d_weights, wanted.d_weights, what + ", d weights");
        }
      }
}

TEST_CASE("combine: a token's sum depends on its slots alone") {
  Setup together(5, 3, 21, Dtype::bf16, true, 3), alone(5, 3, 21, Dtype::bf16, true, 3);
  combine_slots(together.forward(true, true));
  for (int64_t n = 0; n < 5; ++n) {
    Combine a = alone.forward(true, true);
    a.rows = 1;
    a.slot_row += n * 3;
    a.weights += n * 3;
    a.shared = alone.shared.at(n * alone.stride);
    a.out = alone.out.at(n * alone.stride);
    combine_slots(a);
  }
  check_same(alone.out, together.out, "rows alone");
}

TEST_CASE("combine: values and gradients against the f64 sums") {
  const int64_t width = 30;
  Setup s(2, 3, width, Dtype::f32, false, 4);
  combine_slots(s.forward(true, true));
  combine_slots_grad(s.grad());
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t j = 0; j < width; ++j) {
      double sum = s.shared.value(n * s.stride + j);
      for (int64_t i = 3 * n; i < 3 * n + 3; ++i) {
        const int64_t at = s.slot_row[static_cast<size_t>(i)] * s.stride + j;
        const double w = s.weights[static_cast<size_t>(i)];
        sum += w * s.y.value(at);
        CHECK(s.dy.value(at) == doctest::Approx(w * s.g.value(n * s.stride + j)).epsilon(1e-6));
      }
      CHECK(std::abs(s.out.value(n * s.stride + j) - sum) <= 1e-6);
    }
    for (int64_t i = 3 * n; i < 3 * n + 3; ++i) {
      double dot = 0;
      for (int64_t j = 0; j < width; ++j)
        dot += static_cast<double>(s.g.value(n * s.stride + j)) *
               s.y.value(s.slot_row[static_cast<size_t>(i)] * s.stride + j);
      CHECK(std::abs(s.d_weights[static_cast<size_t>(i)] - dot) <= 5e-6);
    }
  }
}

}  // namespace lockstep::kernels::cpu::test
