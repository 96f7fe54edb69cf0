// SPDX-License-Identifier: Apache-2.0
// The matrix products with Q8_0 weights against plain loops over the dequantised ones, bit for bit, on every instruction set.
#include <doctest/doctest.h>

#include <string>

#include "kernels/cpu/matmul_ref.h"
#include "kernels/cpu/packed_q8_ref.h"
#include "tests/kernels/cpu/grouped_products.h"
#include "tests/kernels/cpu/q8_weights.h"
#include "tests/kernels/cpu/support.h"
#include "tests/support/errors.h"

namespace lockstep::kernels::cpu::test {
namespace {

template <class T>
std::vector<T> dequantized(const Q8Ref& weights) {
  if constexpr (std::is_same_v<T, float>)
    return dequantized_f32_ref(weights);
  else
    return dequantized_bf16_ref(weights);
}

enum class Rows { in_order, gathered, columns };  // how the activations lie

struct Case {
  int64_t m, n, k;
  Content content = Content::ordinary;
  Into into = Into::f32;
  Rows rows = Rows::in_order;
};

std::string name(const Case& c, Isa isa) {
  return cat(isa_name(isa), " M ", c.m, " N ", c.n, " K ", c.k, " content ", static_cast<int>(c.content), " into ",
             static_cast<int>(c.into), " rows ", static_cast<int>(c.rows));
}

template <class T>
struct Activations {
  Activations(Numbers& numbers, const Case& c) : view{nullptr, c.m, c.k, c.k + 2, 1, nullptr} {
    if (c.rows == Rows::columns) view.row_stride = 1, view.col_stride = c.m + 1;
    for (int64_t i = 0; i < c.m; ++i) index.push_back(numbers.below(2 * c.m));
    if (c.rows == Rows::gathered) view.row_index = index.data();
    data = drawn<T>(numbers, 2 * (c.m + 1) * (c.k + 2), c.content);
    view.data = data.data();
  }
  std::vector<int64_t> index;
  std::vector<T> data;
  MatrixView<T> view;
};

// Activations of T, weights quantised from W.
template <class T, class W>
void check_product(const Case& c) {
  Numbers numbers(static_cast<uint64_t>(c.m + 100 * c.n + 10000 * c.k));
  const Activations<T> a(numbers, c);
  const std::vector<W> w = drawn_weights<W>(numbers, c.n, c.k);
  const std::vector<T> weights = dequantized<T>(quantize_ref(row_major(w, c.n, c.k)));
  const Result before(numbers, c.m, c.n, c.content);
  Result expected = before;
  matmul_ref(a.view, transposed(row_major(weights, c.n, c.k)), expected.output(c.into));
  PackedQ8Matrix packed(c.n, c.k);
  packed.pack(row_major(w, c.n, c.k));
  for (const Isa isa : all_isas()) {
    INFO(name(c, isa));
    Result result = before;
    matmul(a.view, packed, result.output(c.into), isa);
    REQUIRE(first_difference(result.sums, expected.sums) == -1);
    REQUIRE(first_difference(result.rounded, expected.rounded) == -1);
  }
}

template <class T>
void check_every_number_of_rows() {
  for (int64_t m = 1; m <= 70; ++m) check_product<T, T>({m, 70, 45, Content::wide, static_cast<Into>(m % 3)});
}

template <class T>
void check_small_sizes() {
  for (int64_t m : {1, 2, 3, 4, 5, 6, 7, 13})
    for (int64_t n : {1, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65})
      for (int64_t k : {1, 2, 3, 31, 32, 33, 34, 63, 65})
        check_product<T, float>({m, n, k, Content::wide, static_cast<Into>((m + n + k) % 3)});
}

// Across the borders of tiles, panels, blocks of rows and blocks of the chain, direct and through scratch.
constexpr Case kLarge[] = {{1, 200, 131}, {1, 64, 2113}, {2, 96, 500},   {3, 65, 97},   {4, 128, 2176},
                           {6, 70, 1031}, {7, 96, 192},  {13, 130, 993}, {250, 33, 20}, {250, 70, 99}};

template <class T>
void check_large_sizes() {
  for (const Content content : {Content::ordinary, Content::wide, Content::rare})
    for (Case c : kLarge) {
      c.content = content;
      c.into = static_cast<Into>((c.m + c.n) % 3);
      check_product<T, uint16_t>(c);
    }
}

template <class T>
void check_rows_that_lie_apart() {
  for (const Rows rows : {Rows::gathered, Rows::columns})
    for (Case c : {Case{1, 70, 64}, {3, 20, 33}, {5, 129, 1000}, {6, 70, 35}, {18, 81, 1001}, {50, 33, 130}}) {
      c.rows = rows;
      c.into = static_cast<Into>((c.m + c.k) % 3);
      check_product<T, T>(c);
    }
}

template <class T>
void check_definition() {
  constexpr int64_t n = 150, k = 200;
  Numbers numbers(21);
  const std::vector<T> w = drawn_weights<T>(numbers, n, k);
  for (const Isa isa : all_isas())
    for (const int64_t m : {1, 6, 7, 20}) {
      const std::vector<T> x = drawn<T>(numbers, m * k);
      PackedQ8Matrix q8(n, k);
      q8.pack(row_major(w, n, k), 0, {}, isa);
      std::vector<T> weights(w.size());
      q8.unpack(weights.data(), k, 0, {}, isa);
      PackedMatrix<T> packed(n, k);
      packed.pack(row_major(weights, n, k), 0, {}, isa);
      std::vector<float> got(static_cast<size_t>(m * n)), expected(got.size());
      matmul(row_major(x, m, k), q8, MatmulOutput::f32(got.data(), n), isa);
      matmul(row_major(x, m, k), packed, MatmulOutput::f32(expected.data(), n), isa);
      CHECK(first_difference(got, expected) == -1);
    }
}

template <class T>
void check_panels_shared_out() {
  constexpr int64_t n = 200, k = 40;
  for (const int64_t m : {2, 9}) {
    Numbers numbers(3);
    const std::vector<T> x = drawn<T>(numbers, m * k), w = drawn_weights<T>(numbers, n, k);
    PackedQ8Matrix packed(n, k);
    packed.pack(row_major(w, n, k));
    for (const Isa isa : all_isas()) {
      std::vector<float> whole(static_cast<size_t>(m * n)), shared = whole, buffer(static_cast<size_t>(m * 64), 7);
      matmul(row_major(x, m, k), packed, MatmulOutput::f32(whole.data(), n), isa);
      for (const PanelRange range : {PanelRange{2, 9}, PanelRange{0, 1}, PanelRange{1, 2}}) {
        MatmulOutput part = MatmulOutput::f32(shared.data(), n);
        part.range = range;
        matmul(row_major(x, m, k), packed, part, isa);
      }
      CHECK(first_difference(shared, whole) == -1);
      MatmulOutput last = MatmulOutput::f32(buffer.data(), 64);
      last.range = {3, 4};
      last.first_column = 192;
      matmul(row_major(x, m, k), packed, last, isa);
      for (int64_t row = 0; row < m; ++row)
        for (int64_t i = 0; i < 64; ++i)
          CHECK(buffer[static_cast<size_t>(row * 64 + i)] ==
                (i < 8 ? whole[static_cast<size_t>(row * n + 192 + i)] : 7));
    }
  }
}

// Rows of a larger matrix, gathered for four experts: one without rows, one with a few, one with many.
template <class T>
void check_experts() {
  constexpr int64_t experts = 4, n = 70, k = 50, tokens = 11, slots = 16;
  const std::vector<int64_t> offsets = {0, 12, 12, 13, slots},
                             picked = {0, 3, 10, 3, 1, 2, 9, 5, 0, 1, 4, 6, 7, 8, 9, 10};
  Numbers numbers(5);
  const std::vector<T> x = drawn<T>(numbers, tokens * k), w = drawn_weights<T>(numbers, experts * n, k);
  PackedQ8Matrix packed(n, k, experts);
  std::vector<float> expected(slots * n);
  for (int64_t e = 0; e < experts; ++e) {
    const MatrixView<T> own{w.data() + e * n * k, n, k, k};
    packed.pack(own, e);
    const std::vector<T> weights = dequantized<T>(quantize_ref(own));
    const int64_t begin = offsets[static_cast<size_t>(e)], count = offsets[static_cast<size_t>(e) + 1] - begin;
    matmul_ref(MatrixView<T>{x.data(), count, k, k, 1, picked.data() + begin}, transposed(row_major(weights, n, k)),
               MatmulOutput::f32(expected.data() + begin * n, n));
  }
  const GroupedRows<T> rows{{x.data(), slots, k, k, 1, picked.data()}, offsets};
  check_grouped_products(rows, packed, n, expected);
}

}  // namespace

TEST_CASE("q8 matmul: any number of rows from 1 to 70 has the bits of plain loops") {
  check_every_number_of_rows<float>();
  check_every_number_of_rows<uint16_t>();
}

TEST_CASE("q8 matmul: small sizes have the bits of plain loops") {
  check_small_sizes<float>();
  check_small_sizes<uint16_t>();
}

TEST_CASE("q8 matmul: plain loops' bits across tiles, panels and blocks, with NaN, infinities and denormals") {
  check_large_sizes<float>();
  check_large_sizes<uint16_t>();
}

TEST_CASE("q8 matmul: activations may be gathered, or lie in columns") {
  check_rows_that_lie_apart<float>();
  check_rows_that_lie_apart<uint16_t>();
}

TEST_CASE("q8 matmul: is the product with the unpacked weights") {
  check_definition<float>();
  check_definition<uint16_t>();
}

TEST_CASE("q8 matmul: panels computed apart, into the result or into a buffer, are the panels of the whole") {
  check_panels_shared_out<float>();
  check_panels_shared_out<uint16_t>();
}

TEST_CASE("q8 matmul: each expert's gathered rows go through its own weights, however the panels are shared out") {
  check_experts<float>();
  check_experts<uint16_t>();
}

TEST_CASE("q8 matmul: without rows, outputs or a chain nothing is written but zeros") {
  const std::vector<float> nothing;
  std::vector<float> c = {1, 2, 3, 4};
  for (const Isa isa : all_isas()) {
    matmul(row_major(nothing, 0, 3), PackedQ8Matrix(2, 3), MatmulOutput::f32(c.data(), 2), isa);
    matmul(row_major(c, 2, 2), PackedQ8Matrix(0, 2), MatmulOutput::f32(c.data(), 1), isa);
    matmul(row_major(nothing, 2, 0), PackedQ8Matrix(2, 0), MatmulOutput::sum_into(c.data(), 2), isa);
    CHECK(c == std::vector<float>{1, 2, 3, 4});
    std::vector<float> zeros = c;
    matmul(row_major(nothing, 2, 0), PackedQ8Matrix(2, 0), MatmulOutput::f32(zeros.data(), 2), isa);
    CHECK(zeros == std::vector<float>(4, 0.0f));
  }
}

TEST_CASE("q8 matmul: sizes that do not fit together are refused with their values") {
  std::vector<float> x(12), y(12);
  const std::optional<Error> error = lockstep::test::error_of(
      [&] { matmul(row_major(x, 4, 3), PackedQ8Matrix(2, 4), MatmulOutput::f32(y.data(), 2)); });
  REQUIRE(error.has_value());
  CHECK(std::string(error->what()).find("A [4, 3] and chains of 4") != std::string::npos);
}

}  // namespace lockstep::kernels::cpu::test
