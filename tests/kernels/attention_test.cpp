// SPDX-License-Identifier: Apache-2.0
// Attention against a loop over tokens, and its plan.
#include "kernels/attention.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "base/error.h"

namespace lockstep {

namespace {

// One query at a time, straight from the definition.
Tensor attention_ref(const Tensor& q, const Tensor& keys, const Tensor& values, int64_t value_dim,
                     const std::vector<kernels::AttentionSpan>& spans, double scale) {
  const int64_t heads = q.size(1), repeat = heads / keys.size(1);
  std::vector<Tensor> rows;
  for (const auto& span : spans)
    for (int64_t t = 0; t < span.num_queries; ++t) {
      const int64_t visible = static_cast<int64_t>(span.key_rows.size()) - span.num_queries + t + 1;
      const auto index = at::tensor(std::vector<int64_t>(span.key_rows.begin(), span.key_rows.begin() + visible));
      std::vector<Tensor> out;
      for (int64_t h = 0; h < heads; ++h) {
        const auto k = keys.select(1, h / repeat).index_select(0, index);
        const auto v = values.defined() ? values.select(1, h / repeat).index_select(0, index) : k.narrow(1, 0, value_dim);
        out.push_back(at::softmax(k.matmul(q[span.query_begin + t][h]) * scale, 0).matmul(v));
      }
      rows.push_back(at::stack(out));
    }
  return at::stack(rows);
}

// Three ragged spans over a store of 20 rows: a decode step, a prefill, and one that continues a shared prefix.
const std::vector<kernels::AttentionSpan> kSpans = {
    {0, 1, {3, 4, 5, 9, 11}}, {1, 6, {0, 1, 2, 12, 13, 14}}, {7, 2, {3, 4, 5, 17, 18, 19}}};
constexpr int64_t kQueries = 9, kRows = 20;

}  // namespace

TEST_CASE("attention equals the loop over tokens, forward and gradients, with grouped, single and shared-value heads") {
  at::manual_seed(1);
  for (const auto& [heads, key_heads, shares_values] : {std::tuple{4, 2, false}, {4, 4, false}, {3, 1, true}, {6, 1, false}}) {
    CAPTURE(heads);
    CAPTURE(key_heads);
    const auto options = at::TensorOptions().dtype(at::kFloat);
    std::vector<Tensor> ours = {at::randn({kQueries, heads, 8}, options), at::randn({kRows, key_heads, 8}, options),
                                shares_values ? Tensor() : at::randn({kRows, key_heads, 5}, options)};
    std::vector<Tensor> theirs;
    for (auto& x : ours) {
      theirs.push_back(x.defined() ? x.clone().set_requires_grad(true) : Tensor());
      if (x.defined()) x.set_requires_grad(true);
    }
    const auto plan = kernels::make_attention_plan(kSpans, at::kCPU);
    const auto a = kernels::attention(ours[0], ours[1], ours[2], 5, plan, 0.3);
    const auto b = attention_ref(theirs[0], theirs[1], theirs[2], 5, kSpans, 0.3);
    CHECK((a - b).abs().max().item<double>() < 1e-5);
    const auto weight = at::randn_like(a);
    (a * weight).sum().backward();
    (b * weight).sum().backward();
    for (size_t i = 0; i < ours.size(); ++i)
      if (ours[i].defined()) CHECK((ours[i].grad() - theirs[i].grad()).abs().max().item<double>() < 1e-5);
  }
}

TEST_CASE("attention without gradients gives the bits of attention with gradients") {
  at::manual_seed(2);
  const auto q = at::randn({kQueries, 4, 8}), k = at::randn({kRows, 2, 8}), v = at::randn({kRows, 2, 8});
  const auto plan = kernels::make_attention_plan(kSpans, at::kCPU);
  const auto plain = kernels::attention(q, k, v, 8, plan, 0.5);
  const auto recorded = kernels::attention(q.clone().set_requires_grad(true), k, v, 8, plan, 0.5);
  CHECK(at::equal(plain, recorded));
}

TEST_CASE("keys that no query may see change nothing, even when they are not finite") {
  at::manual_seed(3);
  const auto q = at::randn({kQueries, 2, 8});
  auto k = at::randn({kRows, 2, 8}), v = at::randn({kRows, 2, 8});
  const auto plan = kernels::make_attention_plan(kSpans, at::kCPU);
  const auto before = kernels::attention(q, k, v, 8, plan, 0.5);
  for (int64_t row : {6, 7, 8, 10, 15, 16}) {
    k[row].fill_(std::numeric_limits<float>::quiet_NaN());
    v[row].fill_(std::numeric_limits<float>::infinity());
  }
  CHECK(at::equal(before, kernels::attention(q, k, v, 8, plan, 0.5)));
}

TEST_CASE("a plan finds every query again, and one long span does not pad the short ones") {
  std::vector<kernels::AttentionSpan> spans;
  int64_t row = 0;
  for (int64_t length : {3, 500, 1, 7, 5}) {
    kernels::AttentionSpan span{row, length, {}};
    for (int64_t t = 0; t < length; ++t) span.key_rows.push_back(row++);
    spans.push_back(span);
  }
  const auto plan = kernels::make_attention_plan(spans, at::kCPU);
  std::vector<Tensor> rows;
  int64_t padded = 0;
  for (const auto& r : plan.padded().rectangles) {
    rows.push_back(r.query_rows);
    padded += r.num_spans * r.num_queries * r.num_keys;
  }
  CHECK(at::equal(at::cat(rows).index_select(0, plan.padded().unpad), at::arange(row)));
  CHECK(padded < 500 * 500 + 4 * 7 * 7 + 1);
}

TEST_CASE("a span with fewer keys than queries is refused") {
  try {
    kernels::make_attention_plan({{0, 3, {1, 2}}}, at::kCPU);
    FAIL("no Error");
  } catch (const Error& e) {
    CHECK(e.what_happened() == "attention span has 3 queries and 2 keys");
    CHECK(e.where() == "span beginning at row 0");
    CHECK(e.fix().find("at least one query") != std::string::npos);
  }
}

}  // namespace lockstep
