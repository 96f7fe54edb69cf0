// SPDX-License-Identifier: Apache-2.0
// The backward pass of attention: the bits of its definition, and gradients against f64.
#include <doctest/doctest.h>

#include <algorithm>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/attention_ref.h"
#include "tests/kernels/cpu/attention_batch.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

AttentionPart all_of(const AttentionPlan& plan, const AttentionShape& shape) {
  return {0, static_cast<int64_t>(plan.panels.size()), 0, shape.num_key_heads};
}

// A forward pass, and the gradients that backward passes leave. Those of keys begin with values of their own.
struct Gradients {
  HeadBuffer out, dq, d_keys, d_values;
  std::vector<float> max, sum;

  explicit Gradients(const AttentionBatch& batch, float present = 0)
      : out(batch.num_queries, batch.shape.num_heads, batch.shape.value_dim, batch.shape.dtype),
        dq(batch.num_queries, batch.shape.num_heads, batch.shape.key_dim, batch.shape.dtype),
        d_keys(batch.num_rows, batch.shape.num_key_heads, batch.shape.key_dim, Dtype::f32),
        d_values(batch.num_rows, batch.shape.num_key_heads, batch.shape.value_dim, Dtype::f32),
        max(static_cast<size_t>(batch.num_queries * batch.shape.num_heads)),
        sum(max.size()) {
    for (int64_t n = 0; n < batch.num_rows; ++n) {
      d_keys.fill_row(n, present);
      d_values.fill_row(n, present);
    }
    const auto plan = plan_attention(batch.spans, batch.group());
    attention({batch.shape, batch.q.const_heads(), batch.keys.const_heads(), batch.values.const_heads(), out.heads(),
               max.data(), sum.data()},
              plan, all_of(plan, batch.shape));
  }
  AttentionBackward io(const AttentionBatch& batch) {
    return {batch.shape,
            batch.q.const_heads(),
            batch.keys.const_heads(),
            batch.values.const_heads(),
            out.const_heads(),
            batch.d_out.const_heads(),
            max.data(),
            sum.data(),
            dq.heads(),
            d_keys.heads(),
            d_values.heads()};
  }
  bool same_bits(const Gradients& other) const {
    return dq.same_bits(other.dq) && d_keys.same_bits(other.d_keys) && d_values.same_bits(other.d_values);
  }
};

Gradients run(const AttentionBatch& batch, Isa isa = best_isa(), float present = 0) {
  Gradients result(batch, present);
  const auto plan = plan_attention(batch.spans, batch.group());
  attention_backward(result.io(batch), plan, all_of(plan, batch.shape), isa);
  return result;
}

void check_all_isas(const AttentionBatch& batch) {
  Gradients expected(batch, 0.25f);
  attention_backward_ref(expected.io(batch), batch.spans);
  for (const Isa isa : all_isas()) {
    CAPTURE(std::string(isa_name(isa)));
    CHECK(run(batch, isa, 0.25f).same_bits(expected));
  }
}

AttentionShape shape_of(
    int64_t heads, int64_t key_heads, int64_t key_dim, int64_t value_dim, bool values_in_keys, Dtype dtype) {
  return {heads, key_heads, key_dim, value_dim, values_in_keys, 1 / std::sqrt(static_cast<float>(key_dim)), dtype};
}

// A prompt with completions that share it, one of them cut into several panels; a sequence of its own; single queries.
const std::vector<SpanSizes> kLearner = {{130, 130}, {20, 148, 128}, {90, 220, 130}, {37, 37}, {1, 1}, {1, 200}};

// The sum of out * d_out in f64, and its gradients by the chain rule: for tests of the definition itself.
struct F64 {
  double loss = 0;
  std::vector<double> dq, d_keys, d_values;  // [rows, heads, dim]
};

F64 in_f64(const AttentionBatch& b) {
  const auto& s = b.shape;
  F64 r;
  r.dq.resize(static_cast<size_t>(b.num_queries * s.num_heads * s.key_dim));
  r.d_keys.resize(static_cast<size_t>(b.num_rows * s.num_key_heads * s.key_dim));
  r.d_values.resize(static_cast<size_t>(b.num_rows * s.num_key_heads * s.value_dim));
  const HeadBuffer& values = s.values_in_keys ? b.keys : b.values;
  for (const AttentionSpan& span : b.spans)
    for (int64_t i = 0; i < span.num_queries; ++i)
      for (int64_t h = 0; h < s.num_heads; ++h) {
        const int64_t n = span.query_begin + i, g = h / b.group(), visible = b.visible(span, i);
        std::vector<double> p, dp;
        double sum = 0, d = 0;
        for (int64_t j = 0; j < visible; ++j) {
          double score = 0, dot = 0;
          for (int64_t e = 0; e < s.key_dim; ++e)
            score += double{b.q.get(n, h, e)} * b.keys.get(span.key_rows[j], g, e);
          for (int64_t e = 0; e < s.value_dim; ++e)
            dot += double{b.d_out.get(n, h, e)} * values.get(span.key_rows[j], g, e);
          p.push_back(std::exp(score * s.scale));
          dp.push_back(dot);
          sum += p.back();
        }
        for (int64_t j = 0; j < visible; ++j) d += (p[j] /= sum) * dp[j];
        r.loss += d;
        for (int64_t j = 0; j < visible; ++j) {
          const int64_t row = span.key_rows[j] * s.num_key_heads + g;
          const double ds = p[j] * (dp[j] - d) * s.scale;
          for (int64_t e = 0; e < s.key_dim; ++e) {
            r.dq[(n * s.num_heads + h) * s.key_dim + e] += ds * b.keys.get(span.key_rows[j], g, e);
            r.d_keys[row * s.key_dim + e] += ds * b.q.get(n, h, e);
          }
          for (int64_t e = 0; e < s.value_dim; ++e)
            (s.values_in_keys ? r.d_keys[row * s.key_dim + e] : r.d_values[row * s.value_dim + e]) +=
                p[j] * b.d_out.get(n, h, e);
        }
      }
  return r;
}

double worst_difference(const HeadBuffer& ours, const std::vector<double>& theirs, int64_t heads, int64_t dim) {
  double worst = 0;
  for (size_t i = 0; i < theirs.size(); ++i) {
    const auto index = static_cast<int64_t>(i);
    worst = std::max(worst, std::abs(theirs[i] - ours.get(index / dim / heads, index / dim % heads, index % dim)));
  }
  return worst;
}

// The slope of the f64 loss along one element.
double slope(AttentionBatch& batch, HeadBuffer& of, int64_t row, int64_t dim) {
  const float x = of.get(row, 0, dim), step = 1.0f / 1024;
  of.set(row, 0, dim, x + step);
  const double up = in_f64(batch).loss;
  of.set(row, 0, dim, x - step);
  const double down = in_f64(batch).loss;
  of.set(row, 0, dim, x);
  return (up - down) / (2.0 * step);
}

}  // namespace

TEST_CASE("cpu attention backward: the bits of the reference on every instruction set, added to what is there") {
  struct Heads {
    int64_t heads, key_heads, key_dim, value_dim;
    bool values_in_keys;
  };
  for (const Heads& h : {Heads{6, 2, 32, 16, false},
                         {3, 3, 17, 33, false},
                         {4, 1, 80, 64, true},
                         {2, 1, 70, 37, true},
                         {5, 1, 8, 8, true}})
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      CAPTURE(h.heads);
      CAPTURE(h.key_dim);
      CAPTURE(static_cast<int>(dtype));
      check_all_isas(
          AttentionBatch(shape_of(h.heads, h.key_heads, h.key_dim, h.value_dim, h.values_in_keys, dtype), kLearner));
    }
}

TEST_CASE("cpu attention backward: the bits of the reference for every small size of everything") {
  for (int64_t n = 1; n <= 18; ++n) {
    CAPTURE(n);
    const Dtype dtype = n % 2 ? Dtype::f32 : Dtype::bf16;
    check_all_isas(AttentionBatch(shape_of(n % 4 + 1, 1, n, 19 - n, false, dtype), {{n, n + 50}, {1, n}}));
    check_all_isas(AttentionBatch(shape_of(n % 3 + 1, 1, 19, n, true, dtype), {{n, n}}));
  }
}

TEST_CASE(
    "cpu attention backward: each key head computed alone, and panel after panel, gives the bits of all together") {
  const AttentionBatch batch(shape_of(6, 3, 24, 40, false, Dtype::bf16), kLearner);
  const auto plan = plan_attention(batch.spans, batch.group());
  REQUIRE(plan.panels.size() > 3);
  Gradients parts(batch);
  for (const int64_t head : {2, 0, 1})
    for (int64_t panel = 0; panel < static_cast<int64_t>(plan.panels.size()); ++panel)
      attention_backward(parts.io(batch), plan, {panel, panel + 1, head, head + 1});
  CHECK(parts.same_bits(run(batch)));
}

TEST_CASE("cpu attention backward: two batches after each other give the bits of one that holds both") {
  const AttentionBatch batch(shape_of(4, 1, 48, 32, true, Dtype::f32), kLearner);
  Gradients parts(batch);
  for (const AttentionSpan& span : batch.spans) {
    AttentionSpan alone = span;
    alone.query_begin = 0;
    const auto plan = plan_attention({&alone, 1}, batch.group());
    AttentionBackward io = parts.io(batch);
    const auto skip = [&](auto& rows) {
      rows.data = static_cast<const float*>(rows.data) + span.query_begin * rows.row_stride;
    };
    skip(io.q);
    skip(io.out);
    skip(io.d_out);
    io.dq.data = static_cast<float*>(io.dq.data) + span.query_begin * io.dq.row_stride;
    io.max += span.query_begin * 4;
    io.sum += span.query_begin * 4;
    attention_backward(io, plan, all_of(plan, batch.shape));
  }
  CHECK(parts.same_bits(run(batch)));
}

TEST_CASE(
    "cpu attention backward: operands that are not finite give the bits of the reference, and stay with the keys in "
    "sight") {
  for (const float odd :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38f, 1e-40f}) {
    CAPTURE(odd);
    AttentionBatch batch(shape_of(4, 2, 20, 20, false, Dtype::f32), {{70, 70}, {3, 140, 64}, {20, 20}});
    const Gradients before = run(batch);
    batch.d_out.fill_row(
        30, odd);  // query 30 of the first span sees its first 31 keys, two of them the second span's as well
    batch.keys.fill_row(batch.key_rows[2][5], odd);
    check_all_isas(batch);
    const Gradients after = run(batch);
    for (size_t j = 31; j < 70; ++j)
      for (int64_t d = 0; d < 20; ++d) {
        const int64_t row = batch.key_rows[0][j];
        CHECK(same_bits(after.d_keys.get(row, 1, d), before.d_keys.get(row, 1, d)));
        CHECK(same_bits(after.d_values.get(row, 1, d), before.d_values.get(row, 1, d)));
      }
    for (int64_t n = 70; n < 78; ++n) CHECK(same_bits(after.dq.get(n, 3, 7), before.dq.get(n, 3, 7)));
  }
}

TEST_CASE("cpu attention backward: the f64 derivation is the slope of the f64 loss") {
  for (const bool values_in_keys : {false, true}) {
    AttentionBatch batch(shape_of(2, 1, 6, 4, values_in_keys, Dtype::f32), {{5, 7}, {2, 6, 3}});
    const F64 exact = in_f64(batch);
    for (int64_t d = 0; d < 4; ++d) {
      CHECK(slope(batch, batch.q, 3, d) == doctest::Approx(exact.dq[3 * 2 * 6 + d]).epsilon(1e-4));
      for (int64_t row = 0; row < batch.num_rows; ++row)
        CHECK(slope(batch, batch.keys, row, d) == doctest::Approx(exact.d_keys[row * 6 + d]).epsilon(1e-4));
      if (!values_in_keys)
        CHECK(slope(batch, batch.values, 2, d) == doctest::Approx(exact.d_values[2 * 4 + d]).epsilon(1e-4));
    }
  }
}

TEST_CASE("cpu attention backward: within 1e-5 of the gradients in f64") {
  for (const bool values_in_keys : {false, true}) {
    CAPTURE(values_in_keys);
    const AttentionShape shape = shape_of(4, values_in_keys ? 1 : 2, 64, 32, values_in_keys, Dtype::f32);
    const AttentionBatch batch(shape, {{70, 70}, {12, 90, 64}, {1, 200}});
    const Gradients ours = run(batch);
    const F64 exact = in_f64(batch);
    CHECK(worst_difference(ours.dq, exact.dq, 4, 64) < 1e-5);
    CHECK(worst_difference(ours.d_keys, exact.d_keys, shape.num_key_heads, 64) < 1e-5);
    if (!values_in_keys) CHECK(worst_difference(ours.d_values, exact.d_values, 2, 32) < 1e-5);
  }
}

}  // namespace lockstep::kernels::cpu::test
