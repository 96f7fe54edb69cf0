// SPDX-License-Identifier: Apache-2.0
// Ranges of steps with mean, minimum and maximum.
#include "cli/report/series.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace lockstep::cli::report {

Series::Series(size_t max_points) : max_points_(std::max<size_t>(2, max_points)) {}

void Series::merge(Range& range, const Range& other) {
  range.step = std::max(range.step, other.step);
  if (other.count == 0) return;
  range.low = range.count == 0 ? other.low : std::min(range.low, other.low);
  range.high = range.count == 0 ? other.high : std::max(range.high, other.high);
  range.sum += other.sum;
  range.count += other.count;
}

void Series::halve() {
  ++shift_;
  std::map<int64_t, Range> merged;
  for (const auto& [index, range] : ranges_) {
    // Arithmetic shift: two ranges of the old width are one of the new, below zero too.
    const auto [entry, is_new] = merged.try_emplace(index >> 1, range);
    if (!is_new) merge(entry->second, range);
  }
  ranges_ = std::move(merged);
}

void Series::add(int64_t step, double value) {
  const bool is_finite = std::isfinite(value);
  num_nonfinite_ += is_finite ? 0 : 1;
  const Range added = {step, is_finite ? 1 : 0, is_finite ? value : 0, value, value};
  const auto [entry, is_new] = ranges_.try_emplace(step >> shift_, added);
  if (!is_new) merge(entry->second, added);
  while (ranges_.size() > max_points_ && shift_ < 63) halve();
}

std::vector<SeriesPoint> Series::points() const {
  std::vector<SeriesPoint> out;
  out.reserve(ranges_.size());
  for (const auto& [index, range] : ranges_) {
    if (range.count == 0) {
      out.push_back({.step = range.step});
      continue;
    }
    const auto mean = static_cast<double>(range.sum / static_cast<long double>(range.count));
    out.push_back({range.step, mean, range.low, range.high, true});
  }
  return out;
}

base::Json short_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == std::trunc(value) && std::abs(value) < 9007199254740992.0) return static_cast<int64_t>(value);
  std::array<char, 32> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 7);
  double rounded = value;
  std::from_chars(text.data(), written.ptr, rounded);
  return rounded;
}

base::Json series_json(const Series& series, const std::vector<int64_t>& shared_steps) {
  const auto points = series.points();
  base::Json x = base::Json::array(), y = x, low = x, high = x;
  bool has_spread = false, is_shared = points.size() == shared_steps.size();
  for (size_t i = 0; i < points.size(); ++i) {
    const auto& p = points[i];
    is_shared = is_shared && p.step == shared_steps[i];
    has_spread = has_spread || p.low != p.high;
    x.push_back(p.step);
    y.push_back(p.is_finite ? short_number(p.mean) : nullptr);
    low.push_back(p.is_finite ? short_number(p.low) : nullptr);
    high.push_back(p.is_finite ? short_number(p.high) : nullptr);
  }
  base::Json out = {{"y", std::move(y)}};
  if (has_spread) out["lo"] = std::move(low);
  if (has_spread) out["hi"] = std::move(high);
  if (!is_shared) out["x"] = std::move(x);
  if (series.width() > 1) out["width"] = series.width();
  if (series.num_nonfinite() > 0) out["bad"] = series.num_nonfinite();
  return out;
}

}  // namespace lockstep::cli::report
