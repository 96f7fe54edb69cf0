// SPDX-License-Identifier: Apache-2.0
// Metrics, samples and facts of a run folder, put together.
#include "cli/report/run_reader.h"

#include <algorithm>

#include "base/text.h"
#include "cli/report/run_facts.h"
#include "cli/report/series.h"

namespace lockstep::cli::report {

RunReader::RunReader(std::string folder, const ReadLimits& limits)
    : folder_(std::move(folder)), limits_(limits), follower_(folder_ + "/metrics.jsonl"), metrics_(limits.max_points) {
  run_facts(folder_);  // throws when it is none
  refresh();
}

void RunReader::refresh() {
  const auto take = [&](std::string_view line) {
    metrics_.add_line(line);
    ++num_rows_;
    if (limits_.max_recent_rows == 0) return;
    recent_.emplace_back(line);
    if (recent_.size() > limits_.max_recent_rows) recent_.pop_front();
  };
  if (follower_.poll(take) != LineFollower::Change::replaced) return;
  metrics_ = MetricsTable(limits_.max_points);
  recent_.clear();
  num_rows_ = 0;
  ++generation_;
  follower_.poll(take);
}

bool RunReader::has_rows_since(int64_t count) const {
  return count >= num_rows_ - static_cast<int64_t>(recent_.size()) && count <= num_rows_;
}

base::Json RunReader::rows_since(int64_t count, size_t most) const {
  base::Json out = base::Json::array();
  const auto first = static_cast<size_t>(count - (num_rows_ - static_cast<int64_t>(recent_.size())));
  for (size_t i = first; i < recent_.size() && i < first + most; ++i) {
    const auto row = parse_metrics_line(recent_[i]);
    if (!row) continue;
    base::Json json = {{"stage", row->stage}, {"step", row->step}};
    base::Json values = base::Json::object();
    for (const auto& [name, value] : row->values) values[name] = short_number(value);
    json["values"] = std::move(values);
    out.push_back(std::move(json));
  }
  return out;
}

base::Json RunReader::document() const {
  base::Json out = run_facts(folder_);
  out["stages"] = metrics_.to_json();
  out["samples"] = read_samples(folder_ + "/completions", limits_.samples);
  base::Json notices = base::Json::array();
  const int64_t bad = metrics_.num_bad_lines() + follower_.num_too_long();
  if (bad > 0) notices.push_back(cat("metrics.jsonl: ", bad, bad == 1 ? " line is" : " lines are", " no row of metrics, and left out here."));
  if (metrics_.num_left_out() > 0)
    notices.push_back(cat("metrics.jsonl: ", metrics_.num_left_out(), " values are left out here: the page holds at most ",
                          MetricsTable::kMaxMetrics, " metrics of a stage and ", MetricsTable::kMaxStages, " stages."));
  out["notices"] = std::move(notices);
  return out;
}

}  // namespace lockstep::cli::report
