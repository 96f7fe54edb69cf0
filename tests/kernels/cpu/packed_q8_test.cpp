// SPDX-License-Identifier: Apache-2.0
// Quantisation to Q8_0: against plain loops on every instruction set, against Python's gguf, and its bounds and refusals.
#include "kernels/cpu/packed_q8.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "kernels/cpu/half.h"
#include "kernels/cpu/packed_q8_ref.h"
#include "kernels/cpu/q8_layout.h"
#include "tests/kernels/cpu/q8_golden.h"
#include "tests/kernels/cpu/q8_weights.h"
#include "tests/kernels/cpu/support.h"
#include "tests/support/errors.h"

namespace lockstep::kernels::cpu::test {
namespace {

struct Size {
  int64_t n, k;
};
constexpr Size kSizes[] = {{1, 1}, {1, 32}, {3, 31}, {17, 33}, {64, 64}, {65, 2}, {70, 95}, {128, 96}, {130, 577}};

// Whether the panels hold these weights where the layout says, and zeros elsewhere.
void check_layout(const PackedQ8View& packed, const Q8Ref& weights) {
  const int64_t blocks = q8_blocks(packed.k);
  REQUIRE(reinterpret_cast<uintptr_t>(packed.panels) % 64 == 0);
  for (int64_t row = 0; row < (packed.n + 63) / 64 * 64; ++row)
    for (int64_t col = 0; col < blocks * 32; ++col) {
      const uint8_t* block = packed.panels + (row / 64 * blocks + col / 32) * kQ8BlockBytes;
      const uint8_t byte = block[128 + row % 64 / 32 * 1024 + col % 32 / 2 * 64 + q8_byte(row % 32, col % 2)];
      const uint16_t scale = reinterpret_cast<const uint16_t*>(block)[row % 64];
      const bool is_there = row < packed.n && col < packed.k;
      REQUIRE(byte == 128 + (is_there ? weights.q[static_cast<size_t>(row * packed.k + col)] : 0));
      REQUIRE(scale == (row < packed.n ? weights.d[static_cast<size_t>(row * blocks + col / 32)] : 0));
    }
}

template <class T>
std::vector<T> unpacked(const PackedQ8Matrix& packed, Isa isa) {
  std::vector<T> weights(static_cast<size_t>(packed.n() * packed.k()));
  packed.unpack(weights.data(), packed.k(), 0, {}, isa);
  return weights;
}

template <class T>
void check_against_loops() {
  Numbers numbers(7);
  for (const Size& size : kSizes) {
    const std::vector<T> w = drawn_weights<T>(numbers, size.n, size.k);
    const Q8Ref expected = quantize_ref(row_major(w, size.n, size.k));
    for (const Isa isa : all_isas()) {
      INFO(std::string(isa_name(isa)) << " N " << size.n << " K " << size.k);
      PackedQ8Matrix packed(size.n, size.k);
      packed.pack(row_major(w, size.n, size.k), 0, {}, isa);
      check_layout(packed, expected);
      check_same(unpacked<float>(packed, isa), dequantized_f32_ref(expected), "f32");
      check_same(unpacked<uint16_t>(packed, isa), dequantized_bf16_ref(expected), "bf16");
    }
  }
}

template <class T>
void check_refused(T bad, const std::string& shown) {
  constexpr int64_t n = 70, k = 40;
  for (const Isa isa : all_isas())
    for (const auto& [row, col] : {std::pair<int64_t, int64_t>{0, 0}, {69, 39}, {64, 31}, {33, 32}}) {
      std::vector<T> w(n * k, T{});
      w[static_cast<size_t>(row * k + col)] = bad;
      PackedQ8Matrix packed(n, k, 3);
      lockstep::test::check_error([&] { packed.pack(row_major(w, n, k), 2, {}, isa); },
                                  "a weight of " + shown + " cannot be quantised to Q8_0",
                                  cat("matrix 2, row ", row, ", column ", col), "below 8.3e6");
    }
}

}  // namespace

TEST_CASE("q8: f32 weights become the bytes and scales of plain loops, and weights again, on every instruction set") {
  check_against_loops<float>();
}
TEST_CASE("q8: bf16 weights become the bytes and scales of plain loops, and weights again, on every instruction set") {
  check_against_loops<uint16_t>();
}

TEST_CASE("q8: scales and weights are those of Python's gguf") {
  const std::vector<float> w = golden_weights();
  const auto blocks = static_cast<int64_t>(std::size(kGoldenScales));
  const Q8Ref weights = quantize_ref(row_major(w, 1, blocks * 32));
  for (int64_t i = 0; i < blocks; ++i) CHECK(weights.d[static_cast<size_t>(i)] == kGoldenScales[i]);
  for (int64_t i = 0; i < blocks * 32; ++i) CHECK(weights.q[static_cast<size_t>(i)] == kGoldenQuants[i / 32][i % 32]);
  PackedQ8Matrix packed(1, blocks * 32);
  packed.pack(row_major(w, 1, blocks * 32));
  check_layout(packed, weights);
}

TEST_CASE("q8: a weight is at most half a scale away, and 127 times the rounding of the scale") {
  constexpr int64_t n = 64, k = 320;
  Numbers numbers(9);
  const std::vector<float> w = drawn_weights<float>(numbers, n, k);
  PackedQ8Matrix packed(n, k);
  packed.pack(row_major(w, n, k));
  const std::vector<float> got = unpacked<float>(packed, isa());
  for (size_t begin = 0; begin < w.size(); begin += 32) {
    double largest = 0;
    for (size_t i = begin; i < begin + 32; ++i) largest = std::max(largest, std::fabs(double{w[i]}));
    const double d = largest / 127, rounding = std::max(d * 0x1p-11, 0x1p-25);  // of a normal or a denormal f16
    for (size_t i = begin; i < begin + 32; ++i)
      REQUIRE(std::fabs(double{got[i]} - double{w[i]}) <= d * (0.5 + 1e-4) + 127 * rounding);
  }
}

TEST_CASE("q8: weights that Q8_0 holds stay as they are") {
  constexpr int64_t n = 70, k = 96;
  Numbers numbers(10);
  const std::vector<float> w = drawn_weights<float>(numbers, n, k);
  PackedQ8Matrix once(n, k), twice(n, k);
  once.pack(row_major(w, n, k));
  const std::vector<float> held = unpacked<float>(once, isa());
  twice.pack(row_major(held, n, k));
  CHECK(first_difference(unpacked<float>(twice, isa()), held) == -1);
}

TEST_CASE("q8: scales that f16 has no number for are zeros, and so are their weights, whatever their sign") {
  std::vector<float> w(64, -0x1.8p-20f);  // d is below 2^-25
  w[40] = 127 * 0x1p-24f;                 // and here the least f16
  PackedQ8Matrix packed(1, 64);
  for (const Isa isa : all_isas()) {
    packed.pack(row_major(w, 1, 64), 0, {}, isa);
    const std::vector<float> got = unpacked<float>(packed, isa);
    for (size_t i = 0; i < 32; ++i) CHECK(std::bit_cast<uint32_t>(got[i]) == 0);
    CHECK(got[40] == w[40]);
    CHECK(got[41] == -24 * 0x1p-24f);
  }
}

TEST_CASE("q8: panels packed and unpacked apart are those of the whole, of every matrix") {
  constexpr int64_t n = 200, k = 70;
  Numbers numbers(11);
  PackedQ8Matrix whole(n, k, 2), parts(n, k, 2);
  for (int64_t index = 0; index < 2; ++index) {
    const std::vector<uint16_t> w = drawn_weights<uint16_t>(numbers, n, k);
    whole.pack(row_major(w, n, k), index);
    for (const PanelRange range : {PanelRange{3, 9}, PanelRange{0, 1}, PanelRange{2, 2}, PanelRange{1, 3}})
      parts.pack(row_major(w, n, k), index, range);
    std::vector<float> expected(n * (k + 1), 7), got = expected;
    whole.unpack(expected.data(), k + 1, index);
    for (const PanelRange range : {PanelRange{1, 2}, PanelRange{2, 100}, PanelRange{0, 1}})
      parts.unpack(got.data(), k + 1, index, range);
    CHECK(first_difference(got, expected) == -1);
    CHECK(got[k] == 7);
  }
  const int64_t bytes = whole.at(1).panels - whole.at(0).panels;
  CHECK(std::equal(whole.at(0).panels, whole.at(0).panels + 2 * bytes, parts.at(0).panels));
}

TEST_CASE("q8: weights may lie in any way, rows of them may be gathered") {
  constexpr int64_t n = 70, k = 45;
  Numbers numbers(12);
  const std::vector<float> w = drawn_weights<float>(numbers, n, k);
  std::vector<float> columns(w.size());
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < k; ++j) columns[static_cast<size_t>(j * n + i)] = w[static_cast<size_t>(i * k + j)];
  std::vector<int64_t> backwards, order;
  std::vector<float> reversed(w.size());
  for (int64_t i = 0; i < n; ++i) {
    backwards.push_back(n - 1 - i);
    std::copy_n(w.data() + (n - 1 - i) * k, k, reversed.data() + i * k);
  }
  const Q8Ref expected = quantize_ref(row_major(w, n, k));
  PackedQ8Matrix packed(n, k);
  for (const Isa isa : all_isas()) {
    packed.pack(MatrixView<float>{columns.data(), n, k, 1, n}, 0, {}, isa);
    check_layout(packed, expected);
    packed.pack(MatrixView<float>{reversed.data(), n, k, k, 1, backwards.data()}, 0, {}, isa);
    check_layout(packed, expected);
  }
}

TEST_CASE("q8: weights without a finite scale are refused, and the first one is named") {
  const float infinity = std::numeric_limits<float>::infinity();
  check_refused<float>(infinity, "inf");
  check_refused<float>(-infinity, "-inf");
  check_refused<float>(std::numeric_limits<float>::quiet_NaN(), "nan");
  check_refused<float>(-8388608.0f, "-8.38861e+06");
  check_refused<uint16_t>(0x7f80, "inf");
  check_refused<uint16_t>(0x7fc0, "nan");
  std::vector<float> most(32, 65519.0f * 127);
  PackedQ8Matrix packed(1, 32);
  packed.pack(row_major(most, 1, 32));
  CHECK(unpacked<float>(packed, isa())[5] == 65504.0f * 127);
}

TEST_CASE("q8: sizes that do not fit together are refused, empty ones are not") {
  const std::vector<float> w(12);
  const auto refused = [](const auto& action, const std::string& what) {
    const std::optional<Error> error = lockstep::test::error_of(action);
    REQUIRE(error.has_value());
    CHECK(std::string(error->what()).find(what) != std::string::npos);
  };
  refused([&] { PackedQ8Matrix(2, 4).pack(row_major(w, 3, 4)); }, "weights [3, 4] into [2, 4]");
  refused([&] { PackedQ8Matrix(3, 4).pack(row_major(w, 3, 4), 1); }, "matrix 1 of 1");
  refused([&] { PackedQ8Matrix(-1, 4); }, "1 x [-1, 4]");
  PackedQ8Matrix(0, 4).pack(row_major(w, 0, 4));
  PackedQ8Matrix(4, 0).pack(row_major(w, 4, 0));
}

}  // namespace lockstep::kernels::cpu::test
