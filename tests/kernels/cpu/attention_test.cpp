// SPDX-License-Identifier: Apache-2.0
// The forward pass of attention: the bits of its definition on every instruction set, however the work is put together.
#include "kernels/cpu/attention.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "kernels/cpu/attention_ref.h"
#include "tests/kernels/cpu/attention_batch.h"
#include "tests/kernels/cpu/support.h"

namespace lockstep::kernels::cpu::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();

struct Result {
  HeadBuffer out;
  std::vector<float> max, sum;

  explicit Result(const AttentionBatch& batch)
      : out(batch.num_queries, batch.shape.num_heads, batch.shape.value_dim, batch.shape.dtype),
        max(static_cast<size_t>(batch.num_queries * batch.shape.num_heads)),
        sum(max.size()) {}
  AttentionForward io(const AttentionBatch& batch) {
    return {batch.shape,
            batch.q.const_heads(),
            batch.keys.const_heads(),
            batch.values.const_heads(),
            out.heads(),
            max.data(),
            sum.data()};
  }
  bool same_bits(const Result& other) const {
    return out.same_bits(other.out) && HeadBuffer::same(max, other.max) && HeadBuffer::same(sum, other.sum);
  }
  bool same_row(int64_t row, const Result& other, int64_t other_row, const AttentionShape& shape) const {
    for (int64_t h = 0; h < shape.num_heads; ++h)
      for (int64_t d = 0; d < shape.value_dim; ++d) {
        const float a = out.get(row, h, d), b = other.out.get(other_row, h, d);
        if (std::memcmp(&a, &b, sizeof a) != 0) return false;
      }
    return true;
  }
};

Result reference(const AttentionBatch& batch) {
  Result result(batch);
  attention_ref(result.io(batch), batch.spans);
  return result;
}

Result run(const AttentionBatch& batch, const std::vector<AttentionSpan>& spans, Isa isa = best_isa()) {
  const auto plan = plan_attention(spans, batch.group());
  Result result(batch);
  attention(result.io(batch), plan, {0, static_cast<int64_t>(plan.panels.size()), 0, batch.shape.num_key_heads}, isa);
  return result;
}

void check_all_isas(const AttentionBatch& batch) {
  const Result expected = reference(batch);
  for (const Isa isa : all_isas()) {
    CAPTURE(std::string(isa_name(isa)));
    CHECK(run(batch, batch.spans, isa).same_bits(expected));
  }
}

AttentionShape shape_of(
    int64_t heads, int64_t key_heads, int64_t key_dim, int64_t value_dim, bool values_in_keys, Dtype dtype) {
  return {heads, key_heads, key_dim, value_dim, values_in_keys, 1 / std::sqrt(static_cast<float>(key_dim)), dtype};
}

// A prompt with three samples that share two blocks and a bit, one of them through a further block; a prefill; decodes.
const std::vector<SpanSizes> kMixed = {{1, 140}, {2, 230, 139}, {1, 222, 210}, {1, 131, 130}, {67, 67},
                                       {1, 1},   {1, 64},       {3, 65, 64},   {1, 17}};

}  // namespace

TEST_CASE("cpu attention: the bits of the reference on every instruction set, for all kinds of heads and odd sizes") {
  struct Heads {
    int64_t heads, key_heads, key_dim, value_dim;
    bool values_in_keys;
  };
  for (const Heads& h : {Heads{9, 3, 64, 64, false},
                         {4, 2, 8, 5, false},
                         {2, 2, 17, 33, false},
                         {4, 1, 80, 64, true},
                         {5, 1, 70, 37, true},
                         {7, 1, 24, 24, true},
                         {1, 1, 1, 1, false},
                         {6, 1, 48, 130, false}})
    for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      CAPTURE(h.heads);
      CAPTURE(h.key_dim);
      CAPTURE(static_cast<int>(dtype));
      check_all_isas(
          AttentionBatch(shape_of(h.heads, h.key_heads, h.key_dim, h.value_dim, h.values_in_keys, dtype), kMixed));
    }
}

TEST_CASE("cpu attention: the bits of the reference for every small size of everything") {
  for (int64_t n = 1; n <= 18; ++n) {
    CAPTURE(n);
    check_all_isas(AttentionBatch(shape_of(n % 4 + 1, 1, n, 19 - n, false, n % 2 ? Dtype::f32 : Dtype::bf16),
                                  {{n, n + 50}, {1, n}}));
  }
}

TEST_CASE("cpu attention: the bits of the reference at DeepSeek's sizes") {
  check_all_isas(AttentionBatch(shape_of(16, 1, 576, 512, true, Dtype::bf16), {{1, 70}, {1, 66, 64}, {2, 5}}));
}

TEST_CASE(
    "cpu attention: a token decoded alone gives the bits of its row in a prefill, whatever the chunks and the other "
    "rows") {
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    const AttentionBatch batch(shape_of(6, 2, 40, 24, false, dtype), {{150, 150}});
    const Result whole = run(batch, batch.spans);
    for (const int64_t chunk : {1, 7, 64, 149}) {
      CAPTURE(chunk);
      std::vector<AttentionSpan> spans;
      for (int64_t begin = 0; begin < 150; begin += chunk) {
        const int64_t n = std::min<int64_t>(chunk, 150 - begin);
        spans.push_back({begin, n, batch.key_rows[0].data(), begin + n});
      }
      CHECK(run(batch, spans).same_bits(whole));
    }
  }
}

TEST_CASE("cpu attention: each panel and key head computed alone gives the bits of all together") {
  const AttentionBatch batch(shape_of(9, 3, 64, 64, false, Dtype::bf16), kMixed);
  const auto plan = plan_attention(batch.spans, batch.group());
  REQUIRE(plan.panels.size() > 3);
  Result parts(batch);
  for (auto panel = static_cast<int64_t>(plan.panels.size()) - 1; panel >= 0; --panel)
    for (int64_t head = 0; head < 3; ++head) attention(parts.io(batch), plan, {panel, panel + 1, head, head + 1});
  for (const AttentionPart& nothing : {AttentionPart{0, 0, 0, 3}, AttentionPart{0, 2, 1, 1}})
    attention(parts.io(batch), plan, nothing);
  CHECK(parts.same_bits(run(batch, batch.spans)));
}

TEST_CASE("cpu attention: how many heads share a key head changes no bits") {
  const auto grouped = shape_of(8, 1, 32, 32, false, Dtype::bf16);
  const AttentionBatch batch(grouped, {{3, 200}});
  const Result all = run(batch, batch.spans);
  for (int64_t head = 0; head < 8; ++head) {
    AttentionBatch one = batch;
    one.shape.num_heads = 1;
    Result alone(batch);
    const auto plan = plan_attention(one.spans, 1);
    AttentionForward io = alone.io(one);
    io.q.data = static_cast<const uint16_t*>(io.q.data) + head * io.q.head_stride;
    io.out.data = static_cast<uint16_t*>(io.out.data) + head * io.out.head_stride;
    attention(io, plan, {0, static_cast<int64_t>(plan.panels.size()), 0, 1});
    for (int64_t n = 0; n < 3; ++n)
      for (int64_t d = 0; d < 32; ++d) CHECK(alone.out.get(n, head, d) == all.out.get(n, head, d));
  }
}

TEST_CASE("cpu attention: keys that no query may see change nothing, even when they are not finite") {
  AttentionBatch batch(shape_of(4, 2, 24, 24, false, Dtype::f32), {{5, 133}, {1, 70}, {70, 70}});
  // Spans over the same rows, but without their last keys: those rows are in the store and in nobody's sight.
  std::vector<AttentionSpan> spans = batch.spans;
  for (auto& span : spans) span.num_keys -= span.num_keys > span.num_queries ? 1 : 0;
  const Result before = run(batch, spans);
  for (const int64_t row : {batch.key_rows[0][132], batch.key_rows[1][69]}) {
    batch.keys.fill_row(row, kNan);
    batch.values.fill_row(row, kInfinity);
  }
  CHECK(run(batch, spans).same_bits(before));
  // Inside a prefill: a key of the future poisons no row before it, and every row from it on.
  batch.keys.fill_row(batch.key_rows[2][33], kNan);
  batch.values.fill_row(batch.key_rows[2][33], kNan);
  const Result after = run(batch, spans);
  for (int64_t i = 0; i < 70; ++i) {
    CAPTURE(i);
    if (i < 33) CHECK(after.same_row(6 + i, before, 6 + i, batch.shape));
    for (int64_t h = 0; h < 4 && i >= 33; ++h) CHECK(std::isnan(after.out.get(6 + i, h, 5)));
  }
  for (int64_t n = 0; n < 6; ++n) CHECK(after.same_row(n, before, n, batch.shape));
}

TEST_CASE("cpu attention: not-a-number, infinity, huge and denormal operands give the bits of the reference") {
  for (const float odd : {kNan, kInfinity, -kInfinity, 3e38f, -3e38f, 1e-40f, 1e-20f, -0.0f})
    for (const bool in_queries : {false, true}) {
      CAPTURE(odd);
      CAPTURE(in_queries);
      AttentionBatch batch(shape_of(6, 2, 20, 20, false, Dtype::f32), {{1, 150}, {1, 160, 149}, {20, 20}, {1, 3}});
      if (in_queries)
        batch.q.fill_row(3, odd);
      else
        for (const int64_t row : {batch.key_rows[0][70], batch.key_rows[2][4], batch.key_rows[3][1]})
          batch.keys.fill_row(row, odd);
      batch.values.fill_row(batch.key_rows[1][155], odd);
      check_all_isas(batch);
    }
}

TEST_CASE("cpu attention: within 1e-6 of softmax(q k^T scale) v in f64") {
  const AttentionBatch batch(shape_of(4, 2, 64, 32, false, Dtype::f32), {{1, 300}, {40, 90}});
  const Result result = run(batch, batch.spans);
  double worst = 0;
  for (const AttentionSpan& span : batch.spans)
    for (int64_t i = 0; i < span.num_queries; ++i)
      for (int64_t h = 0; h < 4; ++h) {
        double sum = 0;
        std::vector<double> expected(32, 0.0);
        for (int64_t j = 0; j < batch.visible(span, i); ++j) {
          double score = 0;
          for (int64_t d = 0; d < 64; ++d)
            score += static_cast<double>(batch.q.get(span.query_begin + i, h, d)) *
                     batch.keys.get(span.key_rows[j], h / 2, d);
          const double p = std::exp(score * batch.shape.scale);
          sum += p;
          for (int64_t d = 0; d < 32; ++d) expected[d] += p * batch.values.get(span.key_rows[j], h / 2, d);
        }
        for (int64_t d = 0; d < 32; ++d)
          worst = std::max(worst, std::abs(expected[d] / sum - result.out.get(span.query_begin + i, h, d)));
      }
  CHECK(worst < 1e-6);
}

}  // namespace lockstep::kernels::cpu::test
