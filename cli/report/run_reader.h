// SPDX-License-Identifier: Apache-2.0
// One run folder as the page's data, read once or followed while the run goes on.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/json.h"
#include "cli/report/line_follower.h"
#include "cli/report/metrics_table.h"
#include "cli/report/samples.h"

namespace lockstep::cli::report {

struct ReadLimits {
  size_t max_points = 1024;  // of each series
  SampleLimits samples = {};
  size_t max_recent_rows = 0;  // how many of the newest rows are kept for `rows_since`
};

class RunReader {
 public:
  RunReader(std::string folder, const ReadLimits& limits);  // Error when there is no such folder

  void refresh();  // takes in what was appended; begins anew when metrics.jsonl was replaced (a run that resumed)

  // run_facts, "stages" and "samples", and "notices": sentences about what could not be read.
  base::Json document() const;

  const std::string& folder() const { return folder_; }
  const MetricsTable& metrics() const { return metrics_; }
  int64_t num_rows() const { return num_rows_; }      // rows taken in since the last beginning
  int64_t generation() const { return generation_; }  // how often it began anew
  // Whether every row behind the first `count` is still at hand, and those rows as {"stage", "step", values...}, at most `most`.
  bool has_rows_since(int64_t count) const;
  base::Json rows_since(int64_t count, size_t most) const;

 private:
  std::string folder_;
  ReadLimits limits_;
  LineFollower follower_;
  MetricsTable metrics_;
  std::deque<std::string> recent_;  // lines
  int64_t num_rows_ = 0, generation_ = 0;
};

}  // namespace lockstep::cli::report
