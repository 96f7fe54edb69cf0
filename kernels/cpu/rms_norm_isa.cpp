// SPDX-License-Identifier: Apache-2.0
// RMSNorm over lanes. A row is read twice: once for its sum of squares, once, from the L1 cache, for its output.
#include "kernels/cpu/by_dtype.h"
#include "kernels/cpu/lane_loop.h"
#include "kernels/cpu/rms_norm.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

float scale_of(float sum_of_squares, int64_t width, float eps) {
  const Lanes mean = Lanes::broadcast(sum_of_squares) / Lanes::broadcast(static_cast<float>(width));
  float t[Lanes::kCount];
  (Lanes::broadcast(1.0f) / sqrt(mean + Lanes::broadcast(eps))).store(t);
  return t[0];
}

template <class X, class Y>
void write_row(const X* x, float scale, const float* weight, Y* y, int64_t width) {
  const Lanes s = Lanes::broadcast(scale);
  for_lanes(width, [&](auto lanes) { lanes.store(y, (lanes.load(x) * s) * lanes.load(weight)); });
}

template <class X>
float sum_of_squares(const X* x, int64_t width) {
  Lanes squares = Lanes::zero();
  for_lanes(width, [&](auto lanes) {
    const Lanes v = lanes.load(x);
    squares = fma(v, v, squares);
  });
  return sum(squares);
}

// The sum as rounded to X is what later layers read, so it is what the norm reads: the second line loads it back.
template <class X, class Y>
float add_and_sum_squares(const X* x, const Y* delta, X* out, int64_t width) {
  Lanes squares = Lanes::zero();
  for_lanes(width, [&](auto lanes) {
    lanes.store(out, lanes.load(x) + lanes.load(delta));
    const Lanes v = lanes.load(out);
    squares = fma(v, v, squares);
  });
  return sum(squares);
}

void forward(const RmsNorm& a) {
  by_dtypes(a.stream, a.out, [&](auto stream, auto out) {
    using X = typename decltype(stream)::Type;
    using Y = typename decltype(out)::Type;
    for (int64_t n = 0; n < a.rows; ++n) {
      const X* x = row_of<X>(a.x, n, a.x_stride);
      const float scale = scale_of(sum_of_squares(x, a.width), a.width, a.eps);
      write_row(x, scale, a.weight, row_of<Y>(a.y, n, a.y_stride), a.width);
      if (a.scale != nullptr) a.scale[n] = scale;
    }
  });
}

void add_forward(const ResidualAdd& s, const RmsNorm& a) {
  by_dtypes(a.stream, a.out, [&](auto stream, auto out) {
    using X = typename decltype(stream)::Type;
    using Y = typename decltype(out)::Type;
    for (int64_t n = 0; n < a.rows; ++n) {
      X* added = row_of<X>(s.sum, n, s.sum_stride);
      const float squares = add_and_sum_squares(row_of<X>(a.x, n, a.x_stride), row_of<Y>(s.delta, n, s.delta_stride), added, a.width);
      const float scale = scale_of(squares, a.width, a.eps);
      write_row(added, scale, a.weight, row_of<Y>(a.y, n, a.y_stride), a.width);
      if (a.scale != nullptr) a.scale[n] = scale;
    }
  });
}

template <class X, class Y>
void input_grad_row(const X* x, const Y* g, const X* add, X* dx, const float* weight, float scale, int64_t width) {
  const Lanes s = Lanes::broadcast(scale);
  Lanes dot = Lanes::zero();
  for_lanes(width, [&](auto lanes) {
    const Lanes gw = lanes.load(g) * lanes.load(weight);
    // Beyond the end 0 * scale may be a NaN, which must not reach the sum.
    dot = lanes.inside(fma(gw, lanes.load(x) * s, dot), dot);
  });
  const Lanes minus_mean = Lanes::zero() - Lanes::broadcast(sum(dot)) / Lanes::broadcast(static_cast<float>(width));
  for_lanes(width, [&](auto lanes) {
    const Lanes gw = lanes.load(g) * lanes.load(weight);
    const Lanes inner = fma(lanes.load(x) * s, minus_mean, gw);
    lanes.store(dx, add == nullptr ? inner * s : fma(inner, s, lanes.load(add)));
  });
}

void input_grad(const RmsNormInputGrad& a) {
  by_dtypes(a.stream, a.out, [&](auto stream, auto out) {
    using X = typename decltype(stream)::Type;
    using Y = typename decltype(out)::Type;
    for (int64_t n = 0; n < a.rows; ++n) {
      const X* add = a.add == nullptr ? nullptr : row_of<X>(a.add, n, a.add_stride);
      input_grad_row(row_of<X>(a.x, n, a.x_stride), row_of<Y>(a.g, n, a.g_stride), add, row_of<X>(a.dx, n, a.dx_stride),
                     a.weight, a.scale[n], a.width);
    }
  });
}

// dw stays in the L1 cache while the rows stream by.
void weight_grad(const RmsNormWeightGrad& a) {
  by_dtypes(a.stream, a.out, [&](auto stream, auto out) {
    using X = typename decltype(stream)::Type;
    using Y = typename decltype(out)::Type;
    for (int64_t n = 0; n < a.rows; ++n) {
      const X* x = row_of<X>(a.x, n, a.x_stride);
      const Y* g = row_of<Y>(a.g, n, a.g_stride);
      const Lanes scale = Lanes::broadcast(a.scale[n]);
      for_lanes(a.width,
                [&](auto lanes) { lanes.store(a.dw, fma(lanes.load(g), lanes.load(x) * scale, lanes.load(a.dw))); });
    }
  });
}

}  // namespace

extern const RmsNormKernels rms_norm_kernels;
const RmsNormKernels rms_norm_kernels = {forward, add_forward, input_grad, weight_grad};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
