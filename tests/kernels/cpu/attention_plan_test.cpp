// SPDX-License-Identifier: Apache-2.0
// The plan of attention: every query meets all of its keys in order, and shared prefixes once per panel.
#include <doctest/doctest.h>

#include <map>

#include "kernels/cpu/attention.h"
#include "tests/kernels/cpu/attention_batch.h"
#include "tests/support/errors.h"

namespace lockstep::kernels::cpu::test {
namespace {

AttentionBatch batch_of(const std::vector<SpanSizes>& sizes) { return {{1, 1, 1, 1}, sizes}; }

// The keys that each query meets, in the plan's order.
std::map<int64_t, std::vector<int64_t>> keys_met(const AttentionPlan& plan) {
  std::map<int64_t, std::vector<int64_t>> met;
  for (const auto& panel : plan.panels)
    for (int64_t i = panel.segment_begin; i < panel.segment_end; ++i) {
      const auto& segment = plan.segments[i];
      for (int64_t n = 0; n < segment.num_queries; ++n) {
        auto& keys = met[segment.query_begin + n];
        CHECK(keys.size() % kAttentionBlock == 0);  // blocks are counted from the sequence's first key
        const auto from = plan.key_rows.begin() + segment.key_begin;
        keys.insert(keys.end(), from, from + std::min(segment.num_keys, segment.num_visible + n));
      }
    }
  return met;
}

int64_t keys_read(const AttentionPlan& plan) {
  int64_t total = 0;
  for (const auto& segment : plan.segments) total += segment.num_keys;
  return total;
}

}  // namespace

TEST_CASE("cpu attention plan: every query meets exactly the keys that it may see, oldest first") {
  for (const int64_t group : {1, 3, 100, 500}) {
    const auto batch = batch_of({{1, 140},
                                 {2, 230, 139},
                                 {1, 222, 210},
                                 {67, 67},
                                 {1, 1},
                                 {300, 301},
                                 {1, 64},
                                 {3, 65, 64},
                                 {1, 64, 64},
                                 {1, 64, 64}});
    const auto plan = plan_attention(batch.spans, group);
    const auto met = keys_met(plan);
    CHECK(static_cast<int64_t>(met.size()) == batch.num_queries);
    for (size_t s = 0; s < batch.spans.size(); ++s)
      for (int64_t i = 0; i < batch.spans[s].num_queries; ++i) {
        const auto& rows = batch.key_rows[s];
        CHECK(met.at(batch.spans[s].query_begin + i) ==
              std::vector<int64_t>(rows.begin(), rows.begin() + batch.visible(batch.spans[s], i)));
      }
  }
}

TEST_CASE("cpu attention plan: the samples of a prompt read its whole blocks once, and prefixes of prefixes too") {
  std::vector<SpanSizes> sizes = {{1, 512 + 10}};
  for (int i = 0; i < 7; ++i) sizes.push_back({1, 512 + 10 + i, 512});
  const auto group = batch_of(sizes);
  const auto plan = plan_attention(group.spans, 3);
  CHECK(plan.panels.size() == 1);
  CHECK(keys_read(plan) == 512 + 8 * 10 + 21);

  const auto tree = batch_of({{1, 130}, {1, 300, 128}, {1, 310, 256}});
  CHECK(keys_read(plan_attention(tree.spans, 3)) == 128 + 2 + 128 + 44 + 54);
}

TEST_CASE("cpu attention plan: panels are bounded, and spans that share nothing are work for different threads") {
  const auto batch = batch_of({{500, 500}, {1, 70}, {1, 70}});
  const auto plan = plan_attention(batch.spans, 3);
  CHECK(plan.panels.size() == 8 + 2);
  for (const auto& panel : plan.panels) CHECK(panel.num_queries <= 64);
}

TEST_CASE("cpu attention plan: an empty batch is an empty plan") { CHECK(plan_attention({}, 1).panels.empty()); }

TEST_CASE("cpu attention plan: a span with fewer keys than queries, or none of both, is refused") {
  const std::vector<int64_t> rows = {1, 2};
  for (const auto& [queries, keys, what] :
       {std::tuple{3, 2, "attention span has 3 queries and 2 keys"}, {0, 2, "attention span has 0 queries"}})
    lockstep::test::check_error(
        [&, q = queries, k = keys] {
          plan_attention(std::vector<AttentionSpan>{{0, q, rows.data(), k}}, 1);
        },
        what, "span beginning at row 0", "at least one query");
  lockstep::test::check_error(
      [&] {
        plan_attention(std::vector<AttentionSpan>{{1, 1, rows.data(), 2}}, 1);
      },
      "in order", "attention_plan.cpp", "");
}

}  // namespace lockstep::kernels::cpu::test
