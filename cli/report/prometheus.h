// SPDX-License-Identifier: Apache-2.0
// The latest metrics as Prometheus text, exposition format 0.0.4.
#pragma once

#include <string>
#include <string_view>

#include "cli/report/metrics_table.h"

namespace lockstep::cli::report {

// A name that matches [a-zA-Z_:][a-zA-Z0-9_:]*: "lockstep_" and `name` with every other character as "_".
std::string prometheus_name(std::string_view name);

// One gauge per metric with a sample {run, stage} for each stage that has it: the value that stage wrote last. Two metrics
// whose names become the same are told apart by a number. Also lockstep_step and lockstep_last_row_timestamp_seconds, when
// metrics.jsonl was last written in seconds since 1970 (nothing when it is not there).
std::string prometheus_text(const MetricsTable& metrics, const std::string& run, double last_write_s);

}  // namespace lockstep::cli::report
