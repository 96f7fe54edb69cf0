// SPDX-License-Identifier: Apache-2.0
// The matrix products against plain loops, bit for bit, on every instruction set.
#include "kernels/cpu/matmul.h"

#include <doctest/doctest.h>

#include <string>

#include "kernels/cpu/matmul_ref.h"
#include "tests/kernels/cpu/matmul_operands.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

// How an operand lies in memory: rows or columns side by side, neither, or rows picked from a larger matrix.
enum class Layout { rows, columns, apart, gathered };
constexpr Layout kLayouts[] = {Layout::rows, Layout::columns, Layout::apart, Layout::gathered};

template <class T>
struct Operand {
  Operand(Numbers& numbers, int64_t rows, int64_t cols, Layout layout, Content content) {
    const int64_t pad = numbers.below(4);
    view = {nullptr, rows, cols, cols + pad, 1, nullptr};
    if (layout == Layout::columns) view.row_stride = 1, view.col_stride = rows + pad;
    if (layout == Layout::apart) view.row_stride = 3 * cols + pad, view.col_stride = 3;
    int64_t lines = rows;
    if (layout == Layout::gathered) {
      lines = 2 * rows + 1;
      for (int64_t i = 0; i < rows; ++i) index.push_back(numbers.below(lines));
      view.row_index = index.data();
    }
    data = drawn<T>(numbers, (lines + 1) * (view.row_stride + 1) + (cols + 1) * view.col_stride, content);
    view.data = data.data() + 1;  // bf16 pairs that are not aligned
  }
  std::vector<T> data;
  std::vector<int64_t> index;
  MatrixView<T> view;
};

struct Case {
  int64_t m, n, k;
  Content content = Content::ordinary;
  Into into = Into::f32;
  Layout a = Layout::rows, b = Layout::rows;
};

std::string name(const Case& c, Isa isa) {
  return std::string(isa_name(isa)) + " M " + std::to_string(c.m) + " N " + std::to_string(c.n) + " K " +
         std::to_string(c.k) + " content " + std::to_string(static_cast<int>(c.content)) + " into " +
         std::to_string(static_cast<int>(c.into)) + " layouts " + std::to_string(static_cast<int>(c.a)) + " " +
         std::to_string(static_cast<int>(c.b));
}

bool are_equal(const Result& a, const Result& b) {
  return first_difference(a.sums, b.sums) < 0 && first_difference(a.rounded, b.rounded) < 0;
}

// The product by plain loops, by every instruction set from B where it is, and from packed B.
template <class T>
void check_product(const Case& c, uint64_t seed = 1) {
  Numbers numbers(seed);
  const Operand<T> a(numbers, c.m, c.k, c.a, c.content), b(numbers, c.k, c.n, c.b, c.content);
  const Result before(numbers, c.m, c.n, c.content);
  Result expected = before;
  matmul_ref(a.view, b.view, expected.output(c.into));
  for (const Isa isa : all_isas()) {
    INFO(name(c, isa));
    Result viewed = before;
    matmul(a.view, b.view, viewed.output(c.into), isa);
    REQUIRE(are_equal(viewed, expected));
    if (c.b == Layout::gathered) continue;  // weights have no list of chain places
    PackedMatrix<T> packed(c.n, c.k);
    packed.pack(transposed(b.view), 0, {}, isa);
    Result from_packed = before;
    matmul(a.view, packed, from_packed.output(c.into), isa);
    REQUIRE(are_equal(from_packed, expected));
  }
}

template <class T>
void check_small_sizes() {
  for (int64_t m = 1; m <= 17; ++m)
    for (int64_t n = 1; n <= 17; ++n)
      for (int64_t k = 1; k <= 17; ++k) check_product<T>({m, n, k, Content::wide, static_cast<Into>((m + n + k) % 3)});
}

// Across the borders of tiles, panels, blocks of rows and blocks of the chain.
constexpr Case kLarge[] = {{1, 200, 131}, {2, 64, 500},   {3, 65, 97},  {4, 128, 96},  {5, 344, 33},  {6, 63, 1030},
                           {7, 96, 192},  {13, 130, 193}, {64, 48, 64}, {241, 33, 20}, {250, 70, 99}, {19, 17, 2050}};

template <class T>
void check_large_sizes(Content content) {
  for (Case c : kLarge) {
    c.content = content;
    c.into = static_cast<Into>((c.m + c.n) % 3);
    check_product<T>(c);
  }
}

template <class T>
void check_layouts() {
  for (const Layout a : kLayouts)
    for (const Layout b : kLayouts)
      for (const Case& size : {Case{5, 7, 3}, {18, 70, 35}, {17, 81, 16}, {50, 33, 130}, {33, 24, 21}}) {
        Case c = size;
        c.a = a, c.b = b, c.into = static_cast<Into>((c.m + c.k) % 3), c.content = Content::rare;
        check_product<T>(c);
      }
}

}  // namespace

TEST_CASE("matmul: f32 has the bits of plain loops for every M, N, K from 1 to 17") { check_small_sizes<float>(); }
TEST_CASE("matmul: bf16 has the bits of plain loops for every M, N, K from 1 to 17") { check_small_sizes<uint16_t>(); }

TEST_CASE(
    "matmul: f32 has the bits of plain loops across tiles, panels and blocks, with NaN, infinities and denormals") {
  for (const Content content : {Content::ordinary, Content::wide, Content::rare}) check_large_sizes<float>(content);
}
TEST_CASE(
    "matmul: bf16 has the bits of plain loops across tiles, panels and blocks, with NaN, infinities and denormals") {
  for (const Content content : {Content::ordinary, Content::wide, Content::rare}) check_large_sizes<uint16_t>(content);
}

TEST_CASE("matmul: f32 operands may lie in any way, rows of them may be gathered") { check_layouts<float>(); }
TEST_CASE("matmul: bf16 operands may lie in any way, rows of them may be gathered") { check_layouts<uint16_t>(); }

}  // namespace lockstep::kernels::cpu::test
