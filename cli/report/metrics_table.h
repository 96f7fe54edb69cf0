// SPDX-License-Identifier: Apache-2.0
// The rows of metrics.jsonl as one series per stage and metric.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "cli/report/series.h"

namespace lockstep::cli::report {

// A row of metrics.jsonl.
struct MetricsRow {
  std::string stage;
  int64_t step = 0;
  std::vector<std::pair<std::string, double>> values;  // NaN for null
};
std::optional<MetricsRow> parse_metrics_line(std::string_view line);  // nullopt: no JSON object with an integer "step"

struct MetricsStage {
  explicit MetricsStage(std::string stage_name, size_t max_points) : name(std::move(stage_name)), rows(max_points) {}
  std::string name;
  Series rows;  // of the step itself: its points are the steps that most series share
  int64_t num_rows = 0, last_step = 0;
  double elapsed_s = 0;  // sum of step_time
  std::vector<std::pair<std::string, Series>> series;  // in order of first appearance
  std::map<std::string, size_t> index;                 // name -> position in `series`
  std::map<std::string, double> latest;                // the value written last; NaN when it was not finite
};

class MetricsTable {
 public:
  explicit MetricsTable(size_t max_points) : max_points_(max_points) {}

  // One line of the file. What is no row is counted, not refused: a report of a damaged run is better than none.
  // "elapsed_s", the sum of step_time so far, joins the metrics.
  void add_line(std::string_view line);

  const std::vector<MetricsStage>& stages() const { return stages_; }
  int64_t num_bad_lines() const { return num_bad_lines_; }
  int64_t num_left_out() const { return num_left_out_; }  // values beyond kMaxMetrics names or kMaxStages stages

  // [{"name", "num_rows", "last_step", "elapsed_s", "steps", "series": {name: series_json}}]
  base::Json to_json() const;

  static constexpr size_t kMaxMetrics = 600, kMaxStages = 24, kMaxNameBytes = 160;

 private:
  void add_value(MetricsStage& stage, const std::string& name, int64_t step, double value);
  MetricsStage* stage_of(const std::string& name);

  size_t max_points_;
  std::vector<MetricsStage> stages_;
  int64_t num_bad_lines_ = 0, num_left_out_ = 0;
};

}  // namespace lockstep::cli::report
