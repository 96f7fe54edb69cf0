// SPDX-License-Identifier: Apache-2.0
// A batch of random attention operands for tests and benchmarks: ragged spans over a store of keys, f32 or bf16.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/attention.h"

namespace lockstep::kernels::cpu::test {

// Rows of heads of either dtype. In the `gap` elements between heads and between rows lies NaN: nobody may read them.
class HeadBuffer {
 public:
  HeadBuffer(int64_t rows, int64_t heads, int64_t dim, Dtype dtype, int64_t gap = 1)
      : dim_(dim), heads_(heads), head_stride_(dim + gap), row_stride_(heads * head_stride_ + gap), dtype_(dtype) {
    floats_.resize(static_cast<size_t>(rows * row_stride_), std::numeric_limits<float>::quiet_NaN());
    if (dtype == Dtype::bf16) halves_.resize(floats_.size(), 0x7fff);
    for (int64_t n = 0; n < rows; ++n)
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t d = 0; d < dim; ++d) set(n, h, d, 0);
  }

  void randomise(std::mt19937& random, float width) {
    std::normal_distribution<float> normal(0, width);
    for (size_t i = 0; i < floats_.size(); ++i)
      if (!std::isnan(floats_[i])) set_at(i, normal(random));
  }
  void set(int64_t n, int64_t h, int64_t d, float x) { set_at(index(n, h, d), x); }
  float get(int64_t n, int64_t h, int64_t d) const {
    const size_t i = index(n, h, d);
    if (dtype_ == Dtype::f32) return floats_[i];
    const uint32_t bits = static_cast<uint32_t>(halves_[i]) << 16;
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
  }
  void fill_row(int64_t n, float x) {
    for (int64_t h = 0; h < heads_; ++h)
      for (int64_t d = 0; d < dim_; ++d) set(n, h, d, x);
  }

  Heads heads() { return {data(), row_stride_, head_stride_}; }
  ConstHeads const_heads() const { return {const_cast<HeadBuffer*>(this)->data(), row_stride_, head_stride_}; }

  // Equal bits everywhere, where all NaNs count as equal.
  bool same_bits(const HeadBuffer& other) const {
    if (dtype_ == Dtype::f32) return same(floats_, other.floats_);
    for (size_t i = 0; i < halves_.size(); ++i)
      if (halves_[i] != other.halves_[i] && !(is_nan(halves_[i]) && is_nan(other.halves_[i]))) return false;
    return true;
  }
  static bool same(const std::vector<float>& a, const std::vector<float>& b) {
    for (size_t i = 0; i < a.size(); ++i)
      if (std::memcmp(&a[i], &b[i], sizeof a[i]) != 0 && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
    return a.size() == b.size();
  }

 private:
  static bool is_nan(uint16_t half) { return (half & 0x7fff) > 0x7f80; }
  size_t index(int64_t n, int64_t h, int64_t d) const {
    return static_cast<size_t>(n * row_stride_ + h * head_stride_ + d);
  }
  void set_at(size_t i, float x) {
    floats_[i] = x;
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    if (!halves_.empty()) halves_[i] = std::isnan(x) ? 0x7fc0 : static_cast<uint16_t>(bits >> 16);
  }
  void* data() { return dtype_ == Dtype::f32 ? static_cast<void*>(floats_.data()) : halves_.data(); }

  int64_t dim_, heads_, head_stride_, row_stride_;
  Dtype dtype_;
  std::vector<float> floats_;  // what was set; with bf16 dtype only halves_ count
  std::vector<uint16_t> halves_;
};

// Spans with rows of a store. `shares` says of how many keys of the span before a span's keys begin with.
struct SpanSizes {
  int64_t num_queries, num_keys, shares = 0;
};

struct AttentionBatch {
  AttentionShape shape;
  std::vector<std::vector<int64_t>> key_rows;
  std::vector<AttentionSpan> spans;
  int64_t num_queries = 0, num_rows = 0;
  HeadBuffer q, keys, values, d_out;

  // Rows of the store are handed out in pages in no order.
  AttentionBatch(const AttentionShape& s, const std::vector<SpanSizes>& sizes, int64_t page_size = 1, int64_t gap = 1)
      : AttentionBatch(s, sizes, totals(sizes), page_size, gap) {}

  int64_t group() const { return shape.num_heads / shape.num_key_heads; }
  int64_t visible(const AttentionSpan& span, int64_t query) const {
    return span.num_keys - span.num_queries + query + 1;
  }

 private:
  struct Totals {
    int64_t queries = 0, rows = 0;
  };
  static Totals totals(const std::vector<SpanSizes>& sizes) {
    Totals t;
    for (const auto& s : sizes) t = {t.queries + s.num_queries, t.rows + s.num_keys - s.shares};
    return t;
  }
  AttentionBatch(const AttentionShape& s, const std::vector<SpanSizes>& sizes, Totals t, int64_t page_size, int64_t gap)
      : shape(s),
        num_queries(t.queries),
        num_rows(t.rows),
        q(t.queries, s.num_heads, s.key_dim, s.dtype, gap),
        keys(t.rows, s.num_key_heads, s.key_dim, s.dtype, gap),
        values(t.rows, s.num_key_heads, s.value_dim, s.dtype, gap),
        d_out(t.queries, s.num_heads, s.value_dim, s.dtype, gap) {
    std::mt19937 random(7);
    q.randomise(random, 1);
    keys.randomise(random, 1);
    values.randomise(random, 1);
    d_out.randomise(random, 1);
    std::vector<int64_t> pages(static_cast<size_t>((num_rows + page_size - 1) / page_size)), free;
    for (size_t i = 0; i < pages.size(); ++i) pages[i] = static_cast<int64_t>(i);
    std::shuffle(pages.begin(), pages.end(), random);
    for (const int64_t page : pages)
      for (int64_t row = std::min(num_rows, (page + 1) * page_size); row-- > page * page_size;) free.push_back(row);
    int64_t query = 0;
    for (const auto& size : sizes) {
      std::vector<int64_t> rows;
      if (size.shares > 0) rows.assign(key_rows.back().begin(), key_rows.back().begin() + size.shares);
      for (int64_t i = size.shares; i < size.num_keys; ++i) {
        rows.push_back(free.back());
        free.pop_back();
      }
      key_rows.push_back(rows);
      spans.push_back({query, size.num_queries, nullptr, size.num_keys});
      query += size.num_queries;
    }
    for (size_t i = 0; i < spans.size(); ++i) spans[i].key_rows = key_rows[i].data();
  }
};

}  // namespace lockstep::kernels::cpu::test
