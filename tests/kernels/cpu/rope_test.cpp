// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding: angles near the truth at a million positions, rotations equal to the reference in bits.
#include <algorithm>

#include "kernels/cpu/rope_angles.h"
#include "kernels/cpu/rope_ref.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

// A slice of `width` in heads of width + 5, in rows with room after them.
struct Setup {
  int64_t rows, heads, width;
  Array x, y;
  std::vector<float> cos, sin;

  Setup(int64_t num_rows, int64_t num_heads, int64_t rope_width, Dtype dtype, bool wild, uint64_t seed)
      : rows(num_rows),
        heads(num_heads),
        width(rope_width),
        x(dtype, wild ? wild_values(rows * row_stride(), seed) : normal_values(rows * row_stride(), seed)),
        y(dtype, normal_values(rows * row_stride(), seed + 1)),
        cos(normal_values(rows * width / 2, seed + 2)),
        sin(normal_values(rows * width / 2, seed + 3)) {}

  int64_t head_stride() const { return width + 5; }
  int64_t row_stride() const { return heads * head_stride() + 7; }
  Rope rotation(RopePairs pairs) {
    return {.rows = rows,
            .heads = heads,
            .width = width,
            .pairs = pairs,
            .dtype = x.dtype(),
            .x = x.at(0),
            .x_row_stride = row_stride(),
            .x_head_stride = head_stride(),
            .y = y.at(0),
            .y_row_stride = row_stride(),
            .y_head_stride = head_stride(),
            .cos = cos.data(),
            .sin = sin.data()};
  }
};

constexpr RopePairs kLayouts[] = {RopePairs::half_split, RopePairs::interleaved};

}  // namespace

TEST_CASE("rope: every layout, type, width and direction equals the reference in bits") {
  uint64_t seed = 0;
  for (const RopePairs pairs : kLayouts)
    for (const Dtype dtype : kDtypes)
      for (int64_t width = 2; width <= 70; width += 2)
        for (const bool wild : {false, true}) {
          const auto rows = static_cast<int64_t>(++seed % 4), heads = static_cast<int64_t>(seed % 3);
          Setup forward(rows, heads, width, dtype, wild, seed * 10),
              backward(rows, heads, width, dtype, wild, seed * 10);
          rope_ref(forward.rotation(pairs));
          rope_backward_ref(backward.rotation(pairs));
          for (const Isa isa : all_isas()) {
            Setup got(rows, heads, width, dtype, wild, seed * 10);
            const std::string what = cat(isa_name(isa), " ", dtype_name(dtype), " width ", width);
            rope(got.rotation(pairs), isa);
            check_same(got.y, forward.y, what + ", forward");
            rope_backward(got.rotation(pairs), isa);
            check_same(got.y, backward.y, what + ", backward");
          }
        }
}

TEST_CASE("rope: rows that go to other places have the bits that they have in order, and nothing else is written") {
  const int64_t places[] = {3, 0, 2};
  for (const RopePairs pairs : kLayouts)
    for (const Dtype dtype : kDtypes)
      for (const Isa isa : all_isas()) {
        Setup in_order(3, 2, 22, dtype, false, 6), reference(4, 2, 22, dtype, false, 6), got(4, 2, 22, dtype, false, 6);
        const auto scattered = [&](Setup& s) {
          Rope a = in_order.rotation(pairs);
          a.y = s.y.data();
          a.y_rows = places;
          return a;
        };
        const Setup before = got;
        rope_ref(scattered(reference));
        rope(scattered(got), isa);
        check_same(got.y, reference.y, cat(isa_name(isa), " ", dtype_name(dtype)));
        rope(in_order.rotation(pairs), isa);
        for (int64_t i = 0; i < in_order.row_stride(); ++i) {
          for (int64_t n = 0; n < 3; ++n) {
            const bool is_written = i < 22 || (i >= in_order.head_stride() && i < in_order.head_stride() + 22);
            if (is_written)
              CHECK(same_bits(got.y.value(places[n] * in_order.row_stride() + i), in_order.y.value(n * in_order.row_stride() + i)));
          }
          CHECK(same_bits(got.y.value(in_order.row_stride() + i), before.y.value(in_order.row_stride() + i)));
        }
      }
}

TEST_CASE("rope: in place gives the same as out of place") {
  for (const RopePairs pairs : kLayouts) {
    Setup apart(3, 2, 22, Dtype::bf16, false, 5), in_place(3, 2, 22, Dtype::bf16, false, 5);
    rope(apart.rotation(pairs));
    Rope a = in_place.rotation(pairs);
    a.y = in_place.x.data();
    rope(a);
    for (int64_t n = 0; n < 3; ++n)
      for (int64_t h = 0; h < 2; ++h)
        for (int64_t i = 0; i < 22; ++i) {
          const int64_t at = n * apart.row_stride() + h * apart.head_stride() + i;
          CHECK(same_bits(in_place.x.value(at), apart.y.value(at)));
        }
  }
}

TEST_CASE("rope: pairs are rotated as complex numbers, and the gradient turns them back") {
  for (const RopePairs pairs : kLayouts) {
    Setup s(1, 1, 20, Dtype::f32, false, 8);
    for (size_t i = 0; i < 10; ++i) {
      s.cos[i] = std::cos(static_cast<float>(i));
      s.sin[i] = std::sin(static_cast<float>(i));
    }
    rope(s.rotation(pairs));
    for (int64_t i = 0; i < 10; ++i) {
      const int64_t p = pairs == RopePairs::half_split ? i : 2 * i,
                    q = pairs == RopePairs::half_split ? i + 10 : 2 * i + 1;
      const double c = std::cos(static_cast<double>(i)), d = std::sin(static_cast<double>(i));
      CHECK(s.y.value(p) == doctest::Approx(s.x.value(p) * c - s.x.value(q) * d).epsilon(1e-5));
      CHECK(s.y.value(q) == doctest::Approx(s.x.value(p) * d + s.x.value(q) * c).epsilon(1e-5));
    }
    const Setup before = s;
    Rope back = s.rotation(pairs);
    back.x = s.y.data();
    rope_backward(back);
    for (int64_t i = 0; i < 20; ++i) CHECK(s.y.value(i) == doctest::Approx(before.x.value(i)).epsilon(1e-5));
  }
}

TEST_CASE("rope angles: half a unit in the last place of f32 up to position 2^20") {
  base::Random random(3, "rope test");
  std::vector<int64_t> positions = {0, 1, 2, 1 << 20, (1 << 20) - 1};
  while (positions.size() < 2000) positions.push_back(random.between(0, 1 << 20));
  std::vector<float> inverse;
  for (int i = 0; i < 32; ++i) inverse.push_back(static_cast<float>(inverse_frequency(10000, i / 32.0)));
  std::vector<float> cos(positions.size() * 32), sin(cos.size());
  rope_angles(
      {static_cast<int64_t>(positions.size()), 32, positions.data(), inverse.data(), 1.0, cos.data(), sin.data()});
  double worst = 0;
  const auto see = [&](float got, long double wanted) {
    int exponent = 0;
    std::frexp(static_cast<double>(wanted), &exponent);
    if (std::abs(wanted) >= 1e-8L)
      worst = std::max(worst, static_cast<double>(std::abs(static_cast<long double>(got) - wanted) /
                                                  std::ldexp(1.0L, exponent - 24)));
  };
  for (size_t n = 0; n < positions.size(); ++n)
    for (size_t i = 0; i < 32; ++i) {
      const float angle = static_cast<float>(positions[n]) * inverse[i];
      see(cos[n * 32 + i], std::cos(static_cast<long double>(angle)));
      see(sin[n * 32 + i], std::sin(static_cast<long double>(angle)));
    }
  CHECK(worst <= 0.5000001);
  CHECK(cos[0] == 1.0f);
  CHECK(sin[0] == 0.0f);
}

TEST_CASE("rope angles: the attention factor multiplies before the rounding") {
  const int64_t position = 12345;
  const float inverse = 0.375f;
  float cos = 0, sin = 0;
  rope_angles({1, 1, &position, &inverse, 1.3688879454, &cos, &sin});
  CHECK(cos == doctest::Approx(1.3688879454 * std::cos(12345 * 0.375)));
  CHECK(sin == doctest::Approx(1.3688879454 * std::sin(12345 * 0.375)));
}

}  // namespace lockstep::kernels::cpu::test
