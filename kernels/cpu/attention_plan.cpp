// SPDX-License-Identifier: Apache-2.0
// Which queries go through which keys together: long spans are cut, and neighbours with a common prefix share its blocks.
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "kernels/cpu/attention_isa.h"

namespace lockstep::kernels::cpu {
namespace {

// Some neighbouring queries of one span.
struct Piece {
  int64_t query_begin, num_queries;
  int64_t key_begin, num_keys;  // what the last query sees, in the plan's key_rows
  int64_t num_visible;          // what the first query sees
};

void check(const AttentionSpan& span, int64_t next) {
  LOCKSTEP_CHECK(span.query_begin == next, "attention spans must cover the batch in order");
  if (span.num_queries < 1 || span.num_keys < span.num_queries)
    throw Error(cat("attention span has ", span.num_queries, " queries and ", span.num_keys, " keys"),
                cat("span beginning at row ", span.query_begin),
                "give every query its own key and at least one query per span");
}

std::vector<Piece> cut(std::span<const AttentionSpan> spans, int64_t max_queries, std::vector<int64_t>& key_rows) {
  std::vector<Piece> pieces;
  for (const AttentionSpan& span : spans) {
    const auto key_begin = static_cast<int64_t>(key_rows.size());
    key_rows.insert(key_rows.end(), span.key_rows, span.key_rows + span.num_keys);
    const int64_t num_past = span.num_keys - span.num_queries;
    for (int64_t i = 0; i < span.num_queries; i += max_queries) {
      const int64_t n = std::min(max_queries, span.num_queries - i);
      pieces.push_back({span.query_begin + i, n, key_begin, num_past + i + n, num_past + i + 1});
    }
  }
  return pieces;
}

// Leading keys that two pieces have in common, in whole blocks that all of their queries see.
int64_t common_keys(const Piece& a, const Piece& b, const std::vector<int64_t>& key_rows) {
  const int64_t limit = std::min(a.num_visible, b.num_visible) / kAttentionBlock * kAttentionBlock;
  const auto begin = key_rows.begin() + a.key_begin;
  const auto differs = std::mismatch(begin, begin + limit, key_rows.begin() + b.key_begin).first;
  return (differs - begin) / kAttentionBlock * kAttentionBlock;
}

// The pieces of a panel as a tree of prefixes, depth first: what all of them share, then each branch.
class PrefixTree {
 public:
  PrefixTree(const std::vector<Piece>& pieces,
             const std::vector<int64_t>& common,
             std::vector<AttentionPlan::Segment>& out)
      : pieces_(pieces), common_(common), out_(out) {}

  // Segments of pieces [begin, end) for the keys from `done` on; common_[i] is what pieces i and i + 1 share.
  void add(size_t begin, size_t end, int64_t done) {
    const Piece& first = pieces_[begin];
    if (end - begin == 1) return add_segment(begin, end, done, first.num_keys, first.num_visible);
    const int64_t shared = *std::min_element(common_.begin() + static_cast<int64_t>(begin),
                                             common_.begin() + static_cast<int64_t>(end) - 1);
    if (shared > done) add_segment(begin, end, done, shared, shared);
    for (size_t i = begin; i < end;) {
      size_t next = i + 1;
      while (next < end && common_[next - 1] > shared) ++next;
      add(i, next, std::max(done, shared));
      i = next;
    }
  }

 private:
  void add_segment(size_t begin, size_t end, int64_t from, int64_t to, int64_t num_visible) {
    if (to == from) return;
    const Piece &first = pieces_[begin], &last = pieces_[end - 1];
    out_.push_back({first.query_begin, last.query_begin + last.num_queries - first.query_begin, first.key_begin + from,
                    to - from, num_visible - from});
  }

  const std::vector<Piece>& pieces_;
  const std::vector<int64_t>& common_;
  std::vector<AttentionPlan::Segment>& out_;
};

}  // namespace

AttentionPlan plan_attention(std::span<const AttentionSpan> spans, int64_t group) {
  AttentionPlan plan;
  for (const AttentionSpan& span : spans) {
    check(span, plan.num_queries);
    plan.num_queries += span.num_queries;
  }
  const int64_t max_queries = std::max<int64_t>(1, kRowsAtOnce / group);
  const std::vector<Piece> pieces = cut(spans, max_queries, plan.key_rows);
  std::vector<int64_t> common;
  for (size_t i = 0; i + 1 < pieces.size(); ++i) common.push_back(common_keys(pieces[i], pieces[i + 1], plan.key_rows));
  PrefixTree tree(pieces, common, plan.segments);
  for (size_t i = 0; i < pieces.size();) {
    // Pieces that share nothing go into panels of their own: there are more shares for threads to take.
    size_t end = i + 1;
    int64_t num_queries = pieces[i].num_queries;
    while (end < pieces.size() && common[end - 1] > 0 && num_queries + pieces[end].num_queries <= max_queries)
      num_queries += pieces[end++].num_queries;
    const auto segment_begin = static_cast<int64_t>(plan.segments.size());
    tree.add(i, end, 0);
    plan.panels.push_back(
        {pieces[i].query_begin, num_queries, segment_begin, static_cast<int64_t>(plan.segments.size())});
    i = end;
  }
  return plan;
}

}  // namespace lockstep::kernels::cpu
