// SPDX-License-Identifier: Apache-2.0
// The matrix products of the numeric contract: checks, the choice of the instruction set, experts one after the other.
#include "kernels/cpu/matmul.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "base/error.h"
#include "base/text.h"
#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/matmul_table.h"

namespace lockstep::kernels::cpu {
namespace scalar {
extern const MatmulTable matmul_functions;
}
namespace avx2 {
extern const MatmulTable matmul_functions;
}
namespace avx512f {
extern const MatmulTable matmul_functions;
}
namespace avx512bf16 {
extern const MatmulTable matmul_functions;
}

const MatmulTable& matmul_table(Isa isa) {
  return table_of(isa, scalar::matmul_functions, avx2::matmul_functions, avx512f::matmul_functions,
                  avx512bf16::matmul_functions);
}

uint32_t* matmul_scratch(MatmulScratch which, int64_t words) {
  static thread_local std::array<AlignedWords, 3> buffers;
  return buffers[static_cast<size_t>(which)].at_least(static_cast<size_t>(words));
}

namespace {

template <class T>
void run(const MatmulTable& table, const MatmulJob<T>& job) {
  if constexpr (std::is_same_v<T, float>)
    table.f32(job);
  else
    table.bf16(job);
}

// The job of the outputs that c names, of N outputs and chains of length k.
template <class T>
MatmulJob<T> job_of(const MatrixView<T>& a, int64_t n, int64_t k, const MatmulOutput& c) {
  LOCKSTEP_CHECK(a.cols == k, cat("A [", a.rows, ", ", a.cols, "] and chains of ", k));
  LOCKSTEP_CHECK(!c.sums != !c.rounded && !(c.rounded && c.accumulates),
                 "a product goes to f32 or to bf16, sums to f32");
  const int64_t num_panels = (n + kPanelOutputs - 1) / kPanelOutputs;
  const int64_t begin = std::clamp<int64_t>(c.range.begin, 0, num_panels);
  const int64_t end = std::clamp<int64_t>(c.range.end, begin, num_panels);
  MatmulJob<T> job{};
  job.a = a;
  job.column_begin = begin * kPanelOutputs;
  job.column_end = std::min(n, end * kPanelOutputs);
  const int64_t offset = job.column_begin - c.first_column;
  LOCKSTEP_CHECK(begin == end || offset >= 0,
                 cat("output ", job.column_begin, " of a buffer from output ", c.first_column));
  if (c.sums) job.sums = c.sums + offset;
  if (c.rounded) job.rounded = c.rounded + offset;
  job.c_stride = c.row_stride;
  job.accumulates = c.accumulates;
  return job;
}

template <class T>
void set_weights(MatmulJob<T>& job, const PackedView<T>& b) {
  job.panels = b.panels;
}
template <class T>
void set_weights(MatmulJob<T>& job, const PackedQ8View& b) {
  job.quants = b.panels;
}

template <class T, class Weights>
void multiply_packed(const MatrixView<T>& a, const Weights& b, const MatmulOutput& c, Isa isa) {
  MatmulJob<T> job = job_of(a, b.n, b.k, c);
  set_weights(job, b);
  const FloatMode mode;
  run(matmul_table(isa), job);
}

template <class T>
void multiply_view(const MatrixView<T>& a, const MatrixView<T>& b, const MatmulOutput& c, Isa isa) {
  MatmulJob<T> job = job_of(a, b.cols, b.rows, c);
  job.b = b;
  const FloatMode mode;
  run(matmul_table(isa), job);
}

template <class T, class Matrices>
void multiply_groups(const GroupedRows<T>& rows, const Matrices& b, const MatmulOutput& c, Isa isa) {
  const int64_t experts = b.count(), panels = b.num_panels();
  LOCKSTEP_CHECK(static_cast<int64_t>(rows.offsets.size()) == experts + 1,
                 cat(rows.offsets.size(), " offsets of ", experts, " experts"));
  LOCKSTEP_CHECK(rows.offsets.front() == 0 && rows.offsets.back() == rows.a.rows,
                 "offsets from 0 to the number of rows");
  const int64_t first = std::clamp<int64_t>(c.range.begin, 0, experts * panels),
                last = std::min(c.range.end, experts * panels);
  for (int64_t expert = panels ? first / panels : experts; expert < experts && expert * panels < last; ++expert) {
    const int64_t begin = rows.offsets[static_cast<size_t>(expert)],
                  end = rows.offsets[static_cast<size_t>(expert) + 1];
    LOCKSTEP_CHECK(begin <= end, cat("expert ", expert, " has rows ", begin, " to ", end));
    MatmulOutput part = c;
    part.range = {first - expert * panels, last - expert * panels};
    if (c.sums) part.sums += begin * c.row_stride;
    if (c.rounded) part.rounded += begin * c.row_stride;
    if (begin < end) multiply_packed(some_rows(rows.a, begin, end), b.at(expert), part, isa);
  }
}

}  // namespace

void matmul(const MatrixView<float>& a, const PackedView<float>& b, const MatmulOutput& c, Isa isa) {
  multiply_packed(a, b, c, isa);
}
void matmul(const MatrixView<uint16_t>& a, const PackedView<uint16_t>& b, const MatmulOutput& c, Isa isa) {
  multiply_packed(a, b, c, isa);
}
void matmul(const MatrixView<float>& a, const PackedQ8View& b, const MatmulOutput& c, Isa isa) {
  multiply_packed(a, b, c, isa);
}
void matmul(const MatrixView<float>& a, const MatrixView<float>& b, const MatmulOutput& c, Isa isa) {
  multiply_view(a, b, c, isa);
}
void matmul(const MatrixView<uint16_t>& a, const PackedQ8View& b, const MatmulOutput& c, Isa isa) {
  multiply_packed(a, b, c, isa);
}
void matmul(const MatrixView<uint16_t>& a, const MatrixView<uint16_t>& b, const MatmulOutput& c, Isa isa) {
  multiply_view(a, b, c, isa);
}
void grouped_matmul(const GroupedRows<float>& rows, const PackedMatrix<float>& b, const MatmulOutput& c, Isa isa) {
  multiply_groups(rows, b, c, isa);
}
void grouped_matmul(const GroupedRows<uint16_t>& rows,
                    const PackedMatrix<uint16_t>& b,
                    const MatmulOutput& c,
                    Isa isa) {
  multiply_groups(rows, b, c, isa);
}
void grouped_matmul(const GroupedRows<float>& rows, const PackedQ8Matrix& b, const MatmulOutput& c, Isa isa) {
  multiply_groups(rows, b, c, isa);
}
void grouped_matmul(const GroupedRows<uint16_t>& rows, const PackedQ8Matrix& b, const MatmulOutput& c, Isa isa) {
  multiply_groups(rows, b, c, isa);
}

}  // namespace lockstep::kernels::cpu
