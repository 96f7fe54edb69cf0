// SPDX-License-Identifier: Apache-2.0
// The rotation over lanes: sixteen pairs at a time.
#include "kernels/cpu/by_dtype.h"
#include "kernels/cpu/lane_loop.h"
#include "kernels/cpu/rope.h"

namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE {
namespace {

// Sixteen angles. Backwards, the sines change places: -sin and 0 - (-sin) = sin.
struct Rotation {
  Lanes cos, sin, minus_sin;

  Rotation(Lanes cosines, Lanes sines, bool is_backward) : cos(cosines), sin(sines), minus_sin(Lanes::zero() - sines) {
    if (!is_backward) return;
    sin = minus_sin;
    minus_sin = sines;
  }
  Lanes first(Lanes a, Lanes b) const { return fma(b, minus_sin, a * cos); }
  Lanes second(Lanes a, Lanes b) const { return fma(a, sin, b * cos); }
};

struct AngleRow {
  const float *cos, *sin;
  bool is_backward;

  template <class AnyLanes>
  Rotation at(AnyLanes lanes) const {
    return Rotation(lanes.load(cos), lanes.load(sin), is_backward);
  }
};

template <class T>
void rotate_halves(const T* x, T* y, int64_t half, const AngleRow& angles) {
  for_lanes(half, [&](auto lanes) {
    const Rotation rotation = angles.at(lanes);
    const Lanes a = lanes.load(x), b = lanes.load(x + half);
    lanes.store(y, rotation.first(a, b));
    lanes.store(y + half, rotation.second(a, b));
  });
}

template <class T>
void rotate_neighbours(const T* x, T* y, int64_t half, const AngleRow& angles) {
  const auto step = [&](auto low, auto high, auto angle_lanes) {
    const Rotation rotation = angles.at(angle_lanes);
    Lanes a, b, out_low, out_high;
    unzip(low.load(x), high.load(x), a, b);
    zip(rotation.first(a, b), rotation.second(a, b), out_low, out_high);
    low.store(y, out_low);
    high.store(y, out_high);
  };
  constexpr int64_t kPairs = Lanes::kCount;
  int64_t i = 0;
  for (; i + kPairs <= half; i += kPairs) step(WholeLanes{2 * i}, WholeLanes{2 * i + kPairs}, WholeLanes{i});
  const int left = static_cast<int>(half - i);
  if (left > kPairs / 2)
    step(WholeLanes{2 * i}, TailLanes{2 * i + kPairs, 2 * left - Lanes::kCount}, TailLanes{i, left});
  else if (left > 0)
    step(TailLanes{2 * i, 2 * left}, TailLanes{2 * i, 0}, TailLanes{i, left});
}

void rotate(const Rope& a, bool is_backward) {
  const int64_t half = a.width / 2;
  by_dtype(a.dtype, [&](auto element) {
    using T = typename decltype(element)::Type;
    for (int64_t n = 0; n < a.rows; ++n) {
      const AngleRow angles{a.cos + n * half, a.sin + n * half, is_backward};
      for (int64_t h = 0; h < a.heads; ++h) {
        const T* x = row_of<T>(a.x, n, a.x_row_stride) + h * a.x_head_stride;
        T* y = row_of<T>(a.y, a.y_rows ? a.y_rows[n] : n, a.y_row_stride) + h * a.y_head_stride;
        if (a.pairs == RopePairs::half_split)
          rotate_halves(x, y, half, angles);
        else
          rotate_neighbours(x, y, half, angles);
      }
    }
  });
}

}  // namespace

extern const RopeKernels rope_kernels;
const RopeKernels rope_kernels = {rotate};

}  // namespace lockstep::kernels::cpu::LOCKSTEP_ISA_NAMESPACE
