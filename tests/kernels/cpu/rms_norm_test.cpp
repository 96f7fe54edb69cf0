// SPDX-License-Identifier: Apache-2.0
// RMSNorm: the kernels are the reference in bits, rows know nothing of each other, gradients are slopes.
#include "kernels/cpu/rms_norm_ref.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

// Rows with room after them, so that a write beyond the end shows.
struct Setup {
  static constexpr int64_t kRoom = 3;
  int64_t rows, width;
  Array x, y, delta, add, dx;
  std::vector<float> weight, scale, dw;

  Setup(int64_t num_rows, int64_t row_width, Dtype stream, Dtype out, bool wild, uint64_t seed)
      : rows(num_rows),
        width(row_width),
        x(stream, values(wild, seed)),
        y(out, values(false, seed + 1)),
        delta(out, values(wild, seed + 2)),
        add(stream, values(wild, seed + 3)),
        dx(stream, values(false, seed + 4)),
        weight(normal_values(row_width, seed + 5)),
        scale(normal_values(num_rows, seed + 6)),
        dw(normal_values(row_width, seed + 7)) {}

  int64_t stride() const { return width + kRoom; }
  std::vector<float> values(bool wild, uint64_t seed) const {
    return wild ? wild_values(rows * stride(), seed) : normal_values(rows * stride(), seed);
  }
  RmsNorm forward(int64_t first = 0, int64_t count = -1) {
    return {.rows = count < 0 ? rows : count,
            .width = width,
            .eps = 1e-6f,
            .stream = x.dtype(),
            .out = y.dtype(),
            .x = x.at(first * stride()),
            .x_stride = stride(),
            .weight = weight.data(),
            .y = y.at(first * stride()),
            .y_stride = stride(),
            .scale = scale.data() + first};
  }
  ResidualAdd residual(bool in_place) { return {delta.data(), in_place ? x.data() : dx.data(), stride(), stride()}; }
  RmsNormInputGrad input_grad(bool with_add) {
    return {.rows = rows,
            .width = width,
            .stream = x.dtype(),
            .out = delta.dtype(),
            .x = x.data(),
            .g = delta.data(),
            .add = with_add ? add.data() : nullptr,
            .dx = dx.data(),
            .x_stride = stride(),
            .g_stride = stride(),
            .add_stride = stride(),
            .dx_stride = stride(),
            .weight = weight.data(),
            .scale = scale.data()};
  }
  RmsNormWeightGrad weight_grad() {
    return {.rows = rows,
            .width = width,
            .stream = x.dtype(),
            .out = delta.dtype(),
            .x = x.data(),
            .g = delta.data(),
            .x_stride = stride(),
            .g_stride = stride(),
            .scale = scale.data(),
            .dw = dw.data()};
  }
};

void check_setup(const Setup& got, const Setup& wanted, const std::string& what) {
  check_same(got.x, wanted.x, what + ", x");
  check_same(got.y, wanted.y, what + ", y");
  check_same(got.scale, wanted.scale, what + ", scale");
  check_same(got.dx, wanted.dx, what + ", dx");
  check_same(got.dw, wanted.dw, what + ", dw");
}

// Runs `kernel` on every instruction set and `reference` on the same inputs: types x widths x tame or wild values.
template <class Kernel, class Reference>
void sweep(Kernel kernel, Reference reference) {
  uint64_t seed = 0;
  for (const Dtype stream : kDtypes)
    for (const Dtype out : kDtypes)
      for (const int64_t width : odd_widths())
        for (const bool wild : {false, true}) {
          const int64_t rows = static_cast<int64_t>(++seed % 4);
          Setup wanted(rows, width, stream, out, wild, seed * 100);
          reference(wanted);
          for (const Isa isa : all_isas()) {
            Setup got(rows, width, stream, out, wild, seed * 100);
            kernel(got, isa);
            check_setup(got, wanted,
                        cat(isa_name(isa), " ", dtype_name(stream), " ", dtype_name(out), " width ", width));
          }
        }
}

// sum_j g_j y_j of one row, in f64.
double loss(const std::vector<double>& x, const std::vector<double>& w, const std::vector<double>& g) {
  double squares = 0, total = 0;
  for (const double v : x) squares += v * v;
  const double scale = 1 / std::sqrt(squares / static_cast<double>(x.size()) + 1e-6);
  for (size_t j = 0; j < x.size(); ++j) total += g[j] * (x[j] * scale) * w[j];
  return total;
}

template <class F>
double slope(std::vector<double> at, size_t j, F f) {
  const double step = 1e-5;
  at[j] += step;
  const double above = f(at);
  at[j] -= 2 * step;
  return (above - f(at)) / (2 * step);
}

}  // namespace

TEST_CASE("rms_norm: forward equals the reference in bits") {
  sweep([](Setup& s, Isa isa) { rms_norm(s.forward(), isa); }, [](Setup& s) { rms_norm_ref(s.forward()); });
}

TEST_CASE("rms_norm: the fused residual addition equals the reference in bits") {
  for (const bool in_place : {false, true})
    sweep([&](Setup& s, Isa isa) { add_rms_norm(s.residual(in_place), s.forward(), isa); },
          [&](Setup& s) { add_rms_norm_ref(s.residual(in_place), s.forward()); });
}

TEST_CASE("rms_norm: input gradients equal the reference in bits, with and without another gradient to add") {
  for (const bool with_add : {false, true})
    sweep([&](Setup& s, Isa isa) { rms_norm_input_grad(s.input_grad(with_add), isa); },
          [&](Setup& s) { rms_norm_input_grad_ref(s.input_grad(with_add)); });
}

TEST_CASE("rms_norm: weight gradients equal the reference in bits and continue from what is there") {
  sweep([](Setup& s, Isa isa) { rms_norm_weight_grad(s.weight_grad(), isa); },
        [](Setup& s) { rms_norm_weight_grad_ref(s.weight_grad()); });
}

TEST_CASE(
    "rms_norm: an infinite scale, of a row too small to square, stays in its row and out of the tail's empty lanes") {
  const auto run = [](Setup& s, auto forward, auto backward) {
    for (int64_t j = 0; j < 5; ++j) {
      static_cast<float*>(s.x.data())[j] = 1e-25f;
      static_cast<float*>(s.delta.data())[j] = 1.0f;
      s.weight[static_cast<size_t>(j)] = 1.0f;
    }
    RmsNorm a = s.forward();
    a.eps = 0;
    forward(a);
    backward(s.input_grad(false));
  };
  Setup wanted(2, 5, Dtype::f32, Dtype::f32, false, 9);
  run(wanted, rms_norm_ref, rms_norm_input_grad_ref);
  CHECK(wanted.scale[0] == std::numeric_limits<float>::infinity());
  CHECK(wanted.dx.value(0) == -std::numeric_limits<float>::infinity());
  CHECK(std::isfinite(wanted.dx.value(wanted.stride())));
  for (const Isa isa : all_isas()) {
    Setup got(2, 5, Dtype::f32, Dtype::f32, false, 9);
    run(
        got, [&](const RmsNorm& a) { rms_norm(a, isa); },
        [&](const RmsNormInputGrad& a) { rms_norm_input_grad(a, isa); });
    check_setup(got, wanted, std::string(isa_name(isa)));
  }
}

TEST_CASE("rms_norm: n rows at once are n times one row, whatever the other rows hold") {
  Setup together(7, 50, Dtype::bf16, Dtype::f32, true, 11), alone(7, 50, Dtype::bf16, Dtype::f32, true, 11);
  rms_norm(together.forward());
  for (int64_t n = 0; n < 7; ++n) rms_norm(alone.forward(n, 1));
  check_setup(alone, together, "rows alone");
}

TEST_CASE("rms_norm: gradients are the slopes of the f64 formula") {
  const int64_t width = 37;
  Setup s(1, width, Dtype::f32, Dtype::f32, false, 21);
  rms_norm(s.forward());
  s.dw.assign(s.dw.size(), 0);
  rms_norm_input_grad(s.input_grad(false));
  rms_norm_weight_grad(s.weight_grad());
  std::vector<double> x, w(s.weight.begin(), s.weight.end()), g;
  for (int64_t j = 0; j < width; ++j) {
    x.push_back(s.x.value(j));
    g.push_back(s.delta.value(j));
  }
  for (size_t j = 0; j < static_cast<size_t>(width); ++j) {
    const double dx = slope(x, j, [&](const auto& at) { return loss(at, w, g); });
    const double dw = slope(w, j, [&](const auto& at) { return loss(x, at, g); });
    CHECK(s.dx.value(static_cast<int64_t>(j)) == doctest::Approx(dx).epsilon(2e-6));
    CHECK(s.dw[j] == doctest::Approx(dw).epsilon(2e-6));
  }
}

}  // namespace lockstep::kernels::cpu::test
