// SPDX-License-Identifier: Apache-2.0
// The walk over rows and rewards, and its text.
#include "rewards/row_check.h"

#include "base/text.h"

namespace lockstep::rewards {
namespace {

constexpr size_t kMaxListed = 10;

}  // namespace

RowReport check_rows(const Dataset& dataset, const Combined& rewards) {
  RowReport report = {.num_rows = dataset.size()};
  for (size_t row = 0; row < dataset.size(); ++row) {
    bool is_unusable = false, is_for_none = true;
    for (size_t i = 0; i < rewards.size(); ++i) {
      if (rewards.weight(i) == 0) continue;
      is_for_none = is_for_none && !rewards.reward(i).applies_to(dataset.row(row));
      const auto problem = rewards.reward(i).row_problem(dataset.row(row));
      if (!problem) continue;
      is_unusable = true;
      if (report.first.size() < kMaxListed) report.first.push_back({row, rewards.name(i), *problem});
    }
    if (is_for_none) {
      is_unusable = true;
      if (report.first.size() < kMaxListed) report.first.push_back({row, "rewards", "none of them is for this row (`where`)"});
    }
    report.num_unusable += is_unusable ? 1 : 0;
  }
  return report;
}

std::string RowReport::text() const {
  if (num_unusable == 0) return "";
  std::vector<std::string> parts;
  for (const Problem& one : first) parts.push_back(cat("row ", one.row, ": ", one.reward, ": ", base::printable(one.problem)));
  return cat(num_unusable, " of ", num_rows, " rows cannot be scored: ", base::join(parts, "; "), num_unusable > first.size() ? "; ..." : "");
}

}  // namespace lockstep::rewards
