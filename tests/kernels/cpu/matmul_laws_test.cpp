// SPDX-License-Identifier: Apache-2.0
// What a matrix product must not depend on, and what may be cut into pieces without changing a bit.
#include <doctest/doctest.h>

#include "kernels/cpu/matmul_ref.h"
#include "tests/kernels/cpu/grouped_products.h"
#include "tests/kernels/cpu/matmul_operands.h"
#include "tests/kernels/cpu/support.h"
#include "tests/support/errors.h"

namespace lockstep::kernels::cpu::test {
namespace {

// x [M, K] and weights [N, K], and their product.
template <class T>
struct Linear {
  Linear(int64_t num_rows, int64_t num_outputs, int64_t length)
      : m(num_rows), n(num_outputs), k(length), x(drawn<T>(numbers, m * k)), w(drawn<T>(numbers, n * k)), packed(n, k) {
    packed.pack(row_major(w, n, k));
  }
  std::vector<float> product(Isa isa) const {
    std::vector<float> y(static_cast<size_t>(m * n));
    matmul(row_major(x, m, k), packed, MatmulOutput::f32(y.data(), n), isa);
    return y;
  }
  Numbers numbers{3};
  int64_t m, n, k;
  std::vector<T> x, w;
  PackedMatrix<T> packed;
};

template <class T>
void check_rows_alone() {
  const Linear<T> linear(29, 150, 210);
  for (const Isa isa : all_isas()) {
    std::vector<float> alone(static_cast<size_t>(linear.m * linear.n));
    for (int64_t row = 0; row < linear.m; ++row) {
      const MatrixView<T> one{linear.x.data() + row * linear.k, 1, linear.k, linear.k};
      matmul(one, linear.packed, MatmulOutput::f32(alone.data() + row * linear.n, linear.n), isa);
    }
    CHECK(first_difference(alone, linear.product(isa)) == -1);
  }
}

template <class T>
void check_cuts_along_the_chain() {
  const Linear<T> linear(9, 70, 250);
  for (const Isa isa : all_isas()) {
    std::vector<float> pieces(static_cast<size_t>(linear.m * linear.n));
    for (int64_t begin = 0, end; begin < linear.k; begin = end) {
      end = std::min(linear.k, begin + 34 + begin / 2 * 2);
      const MatrixView<T> x{linear.x.data() + begin, linear.m, end - begin, linear.k};
      const MatrixView<T> w{linear.w.data() + begin, end - begin, linear.n, 1, linear.k};
      matmul(x, w, MatmulOutput::sum_into(pieces.data(), linear.n), isa);
    }
    CHECK(first_difference(pieces, linear.product(isa)) == -1);
  }
}

template <class T>
void check_panels_shared_out() {
  const Linear<T> linear(7, 200, 40);
  for (const Isa isa : all_isas()) {
    const std::vector<float> whole = linear.product(isa);
    std::vector<float> shared(whole.size()), buffer(static_cast<size_t>(linear.m * 64));
    PackedMatrix<T> packed(linear.n, linear.k);
    for (int64_t panel = 3; panel >= 0; --panel) {
      const PanelRange range{panel, panel + 1};
      packed.pack(row_major(linear.w, linear.n, linear.k), 0, range, isa);
      MatmulOutput part = MatmulOutput::f32(shared.data(), linear.n);
      part.range = range;
      matmul(row_major(linear.x, linear.m, linear.k), packed, part, isa);
      MatmulOutput alone = MatmulOutput::f32(buffer.data(), 64);
      alone.range = range;
      alone.first_column = panel * 64;
      matmul(row_major(linear.x, linear.m, linear.k), packed, alone, isa);
      for (int64_t row = 0; row < linear.m; ++row)
        for (int64_t i = 0; i < std::min<int64_t>(64, linear.n - panel * 64); ++i)
          CHECK(buffer[static_cast<size_t>(row * 64 + i)] ==
                whole[static_cast<size_t>(row * linear.n + panel * 64 + i)]);
    }
    CHECK(first_difference(shared, whole) == -1);
  }
}

// Rows of a larger matrix, gathered for four experts of which one has no rows.
template <class T>
void check_experts() {
  constexpr int64_t experts = 4, n = 70, k = 24, tokens = 11;
  const std::vector<int64_t> offsets = {0, 7, 7, 8, 16}, picked = {0, 3, 10, 3, 1, 2, 9, 5, 0, 1, 4, 6, 7, 8, 9, 10};
  Numbers numbers(5);
  const std::vector<T> x = drawn<T>(numbers, tokens * k), w = drawn<T>(numbers, experts * n * k);
  PackedMatrix<T> packed(n, k, experts);
  std::vector<float> expected(16 * n);
  for (int64_t e = 0; e < experts; ++e) {
    const MatrixView<T> weights{w.data() + e * n * k, n, k, k};
    packed.pack(weights, e);
    for (size_t row = static_cast<size_t>(offsets[e]); row < static_cast<size_t>(offsets[e + 1]); ++row)
      matmul_ref(MatrixView<T>{x.data() + picked[row] * k, 1, k, k}, transposed(weights),
                 MatmulOutput::f32(expected.data() + static_cast<int64_t>(row) * n, n));
  }
  const GroupedRows<T> rows{{x.data(), 16, k, k, 1, picked.data()}, offsets};
  check_grouped_products(rows, packed, n, expected);
}

}  // namespace

TEST_CASE("matmul: a row alone has the bits that it has among others") {
  check_rows_alone<float>();
  check_rows_alone<uint16_t>();
}

TEST_CASE("matmul: a chain cut into pieces has the bits of the whole") {
  check_cuts_along_the_chain<float>();
  check_cuts_along_the_chain<uint16_t>();
}

TEST_CASE("matmul: panels computed apart, into the result or into a buffer, are the panels of the whole") {
  check_panels_shared_out<float>();
  check_panels_shared_out<uint16_t>();
}

TEST_CASE("matmul: each expert's gathered rows go through its own weights, however the panels are shared out") {
  check_experts<float>();
  check_experts<uint16_t>();
}

TEST_CASE("matmul: weights that change are packed into the same place, and nothing of the old ones stays") {
  Linear<float> linear(3, 70, 9);
  const uint32_t* place = linear.packed.at(0).panels;
  const std::vector<float> before = linear.product(isa());
  for (float& x : linear.w) x = -2 * x;
  linear.packed.pack(row_major(linear.w, linear.n, linear.k));
  CHECK(linear.packed.at(0).panels == place);
  std::vector<float> expected = before;
  for (float& x : expected) x = -2 * x;  // exact: every product and sum is scaled by a power of two
  CHECK(first_difference(linear.product(isa()), expected) == -1);
}

TEST_CASE("matmul: panels lie as documented, on every instruction set, with zeros beyond the outputs and the chain") {
  constexpr int64_t n = 70, k = 5;
  Numbers numbers(4);
  const std::vector<uint16_t> w = drawn<uint16_t>(numbers, n * k);
  for (const Isa isa : all_isas()) {
    PackedMatrix<uint16_t> packed(n, k);
    packed.pack(row_major(w, n, k), 0, {}, isa);
    const uint32_t* words = packed.at(0).panels;
    CHECK(reinterpret_cast<uintptr_t>(words) % 64 == 0);
    for (int64_t panel = 0; panel < 2; ++panel)
      for (int64_t pair = 0; pair < 3; ++pair)
        for (int64_t i = 0; i < 64; ++i, ++words) {
          const auto at = [&](int64_t output, int64_t place) -> uint32_t {
            return output < n && place < k ? w[static_cast<size_t>(output * k + place)] : 0;
          };
          CHECK(*words == (at(panel * 64 + i, 2 * pair) | at(panel * 64 + i, 2 * pair + 1) << 16));
        }
  }
}

TEST_CASE("matmul: without rows or outputs nothing is written, without a chain the sums start or stay") {
  const std::vector<float> nothing;
  std::vector<float> c = {1, 2, 3, 4};
  for (const Isa isa : all_isas()) {
    matmul(row_major(nothing, 0, 3), row_major(c, 3, 1), MatmulOutput::f32(c.data(), 1), isa);
    matmul(row_major(c, 2, 2), row_major(nothing, 2, 0), MatmulOutput::f32(c.data(), 1), isa);
    CHECK(c == std::vector<float>{1, 2, 3, 4});
    matmul(row_major(nothing, 2, 0), row_major(nothing, 0, 2), MatmulOutput::sum_into(c.data(), 2), isa);
    CHECK(c == std::vector<float>{1, 2, 3, 4});
    std::vector<float> zeros = c;
    matmul(row_major(nothing, 2, 0), row_major(nothing, 0, 2), MatmulOutput::f32(zeros.data(), 2), isa);
    CHECK(zeros == std::vector<float>(4, 0.0f));
    zeros = c;
    matmul(row_major(nothing, 2, 0), PackedMatrix<float>(2, 0), MatmulOutput::f32(zeros.data(), 2), isa);
    CHECK(zeros == std::vector<float>(4, 0.0f));
  }
}

TEST_CASE("matmul: sizes that do not fit together are refused with their values") {
  std::vector<float> x(12), y(12);
  const PackedMatrix<float> packed(2, 4);
  const auto refused = [](const auto& action, const std::string& what) {
    const std::optional<Error> error = lockstep::test::error_of(action);
    REQUIRE(error.has_value());
    CHECK(std::string(error->what()).find(what) != std::string::npos);
  };
  refused([&] { matmul(row_major(x, 4, 3), packed, MatmulOutput::f32(y.data(), 2)); }, "A [4, 3] and chains of 4");
  refused([&] { PackedMatrix<float>(2, 4).pack(row_major(x, 3, 4)); }, "weights [3, 4] into [2, 4]");
  refused([&] { packed.at(1); }, "matrix 1 of 1");
  MatmulOutput beyond = MatmulOutput::f32(y.data(), 2);
  beyond.first_column = 64;
  refused([&] { matmul(row_major(x, 3, 4), packed, beyond); }, "output 0 of a buffer from output 64");
  const std::vector<int64_t> offsets = {0, 2};
  refused(
      [&] {
        grouped_matmul(GroupedRows<float>{row_major(x, 3, 4), offsets}, packed, MatmulOutput::f32(y.data(), 2));
      },
      "offsets from 0");
}

}  // namespace lockstep::kernels::cpu::test
