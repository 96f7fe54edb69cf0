// SPDX-License-Identifier: Apache-2.0
// Counting by reason.
#include "rewards/data/drop_counts.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::data {

DropCounts::DropCounts(const std::vector<std::string>& names) {
  for (const std::string& name : names) reasons_.push_back({.name = name});
}

void DropCounts::add(std::string_view name, const std::string& where, const std::string& detail) {
  const auto found = std::find_if(reasons_.begin(), reasons_.end(), [&](const Reason& reason) { return reason.name == name; });
  LOCKSTEP_CHECK(found != reasons_.end(), name);
  if (found->num_dropped++ == 0) found->example = detail.empty() ? where : cat(where, ", ", detail);
}

size_t DropCounts::num_dropped(std::string_view name) const {
  const auto found = std::find_if(reasons_.begin(), reasons_.end(), [&](const Reason& reason) { return reason.name == name; });
  return found == reasons_.end() ? 0 : found->num_dropped;
}

base::Json DropCounts::json() const {
  base::Json list = base::Json::array();
  for (const Reason& reason : reasons_) list.push_back({{"reason", reason.name}, {"dropped", reason.num_dropped}, {"first", reason.example}});
  return list;
}

std::string DropCounts::text() const {
  std::string out;
  for (const Reason& reason : reasons_) {
    if (reason.num_dropped == 0) continue;
    out += cat("  ", reason.name, ": dropped ", reason.num_dropped, "; the first is ", base::printable(reason.example), "\n");
  }
  return out;
}

}  // namespace lockstep::rewards::data
