// SPDX-License-Identifier: Apache-2.0
// report.html of one run, or of several beside each other.
#pragma once

#include <string>
#include <vector>

namespace lockstep::cli::report {

// FOLDER/report.html, written atomically; returns its path. Error when there is no such folder or it cannot be written.
std::string write_report(const std::string& folder);

// One page over 1 to kMaxRuns run folders, in this order.
void write_report(const std::vector<std::string>& folders, const std::string& output);

constexpr size_t kMaxRuns = 32;

}  // namespace lockstep::cli::report
