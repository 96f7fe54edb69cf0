// SPDX-License-Identifier: Apache-2.0
// The forms of a batch's attention spans; padding of ragged spans into rectangles.
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "kernels/attention.h"
#include "kernels/cpu/attention.h"

namespace lockstep::kernels {
namespace {

// Padding may at most double the work of a rectangle; more rectangles cost more launches.
constexpr double kMaxPaddingRatio = 1.5;
// Scores of one rectangle and head: bounds the memory of one step of attention.
constexpr int64_t kMaxScores = int64_t{1} << 22;

void check_spans(const std::vector<AttentionSpan>& spans) {
  int64_t next = 0;
  for (const auto& span : spans) {
    LOCKSTEP_CHECK(span.query_begin == next, "attention spans must cover the batch in order");
    if (span.num_queries < 1 || static_cast<int64_t>(span.key_rows.size()) < span.num_queries)
      throw Error(cat("attention span has ", span.num_queries, " queries and ", span.key_rows.size(), " keys"),
                  cat("span beginning at row ", span.query_begin),
                  "give every query its own key and at least one query per span");
    next += span.num_queries;
  }
}

int64_t area(int64_t spans, int64_t queries, int64_t keys) { return spans * queries * keys; }

// Indices of spans, largest first, cut where padding or memory would grow too much.
std::vector<std::vector<size_t>> group_spans(const std::vector<AttentionSpan>& spans) {
  std::vector<size_t> order(spans.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (spans[a].num_queries != spans[b].num_queries) return spans[a].num_queries > spans[b].num_queries;
    return spans[a].key_rows.size() > spans[b].key_rows.size();
  });
  std::vector<std::vector<size_t>> groups;
  int64_t queries = 0, keys = 0, real = 0;
  for (size_t index : order) {
    const int64_t q = spans[index].num_queries, k = static_cast<int64_t>(spans[index].key_rows.size());
    const int64_t members = groups.empty() ? 0 : static_cast<int64_t>(groups.back().size());
    const int64_t padded = area(members + 1, std::max(queries, q), std::max(keys, k));
    const bool fits = members > 0 && padded <= kMaxScores &&
                      static_cast<double>(padded) <= kMaxPaddingRatio * static_cast<double>(real + q * k);
    if (!fits) {
      groups.emplace_back();
      queries = keys = real = 0;
    }
    groups.back().push_back(index);
    queries = std::max(queries, q);
    keys = std::max(keys, k);
    real += q * k;
  }
  return groups;
}

PaddedSpans::Rectangle pad(const std::vector<AttentionSpan>& spans, const std::vector<size_t>& members) {
  PaddedSpans::Rectangle out;
  out.num_spans = static_cast<int64_t>(members.size());
  for (size_t m : members) {
    out.num_queries = std::max(out.num_queries, spans[m].num_queries);
    out.num_keys = std::max(out.num_keys, static_cast<int64_t>(spans[m].key_rows.size()));
  }
  out.query_rows = at::empty({out.num_spans * out.num_queries}, at::kLong);
  out.key_rows = at::empty({out.num_spans * out.num_keys}, at::kLong);
  out.mask = at::empty({out.num_spans, out.num_queries, 1, out.num_keys}, at::kFloat);
  auto* query = out.query_rows.mutable_data_ptr<int64_t>();
  auto* key = out.key_rows.mutable_data_ptr<int64_t>();
  auto* mask = out.mask.mutable_data_ptr<float>();
  for (size_t m : members) {
    const AttentionSpan& span = spans[m];
    const int64_t num_keys = static_cast<int64_t>(span.key_rows.size());
    for (int64_t t = 0; t < out.num_queries; ++t) {
      const bool is_real = t < span.num_queries;
      *query++ = span.query_begin + (is_real ? t : 0);
      const int64_t visible = is_real ? num_keys - span.num_queries + t + 1 : 1;
      std::fill(mask, mask + visible, 0.0f);
      std::fill(mask + visible, mask + out.num_keys, -std::numeric_limits<float>::infinity());
      mask += out.num_keys;
    }
    std::copy(span.key_rows.begin(), span.key_rows.end(), key);
    std::fill(key + num_keys, key + out.num_keys, span.key_rows[0]);
    key += out.num_keys;
  }
  return out;
}

PaddedSpans pad_all(const std::vector<AttentionSpan>& spans, int64_t num_queries, const at::Device& device) {
  PaddedSpans plan;
  plan.unpad = at::empty({num_queries}, at::kLong);
  auto* unpad = plan.unpad.mutable_data_ptr<int64_t>();
  int64_t base = 0;
  for (const auto& members : group_spans(spans)) {
    auto rectangle = pad(spans, members);
    for (size_t i = 0; i < members.size(); ++i) {
      const AttentionSpan& span = spans[members[i]];
      for (int64_t t = 0; t < span.num_queries; ++t)
        unpad[span.query_begin + t] = base + static_cast<int64_t>(i) * rectangle.num_queries + t;
    }
    base += rectangle.num_spans * rectangle.num_queries;
    rectangle.query_rows = rectangle.query_rows.to(device);
    rectangle.key_rows = rectangle.key_rows.to(device);
    rectangle.mask = rectangle.mask.to(device);
    plan.rectangles.push_back(std::move(rectangle));
  }
  plan.unpad = plan.unpad.to(device);
  return plan;
}

}  // namespace

struct AttentionPlan::Forms {
  std::vector<AttentionSpan> spans;
  at::Device device;
  std::mutex mutex;
  std::optional<PaddedSpans> padded;
  std::map<int64_t, cpu::AttentionPlan> ragged;  // by group; references stay valid
};

AttentionPlan::AttentionPlan(std::vector<AttentionSpan> spans, const at::Device& device)
    : forms_(new Forms{std::move(spans), device, {}, {}, {}}) {
  check_spans(forms_->spans);
  for (const auto& span : forms_->spans) num_queries_ += span.num_queries;
}

const PaddedSpans& AttentionPlan::padded() const {
  const std::lock_guard lock(forms_->mutex);
  if (!forms_->padded) forms_->padded = pad_all(forms_->spans, num_queries_, forms_->device);
  return *forms_->padded;
}

const cpu::AttentionPlan& AttentionPlan::ragged(int64_t group) const {
  const std::lock_guard lock(forms_->mutex);
  const auto found = forms_->ragged.find(group);
  if (found != forms_->ragged.end()) return found->second;
  std::vector<cpu::AttentionSpan> spans;
  spans.reserve(forms_->spans.size());
  for (const auto& s : forms_->spans)
    spans.push_back({s.query_begin, s.num_queries, s.key_rows.data(), static_cast<int64_t>(s.key_rows.size())});
  return forms_->ragged.emplace(group, cpu::plan_attention(spans, group)).first->second;
}

AttentionPlan make_attention_plan(std::vector<AttentionSpan> spans, const at::Device& device) { return {std::move(spans), device}; }

}  // namespace lockstep::kernels
