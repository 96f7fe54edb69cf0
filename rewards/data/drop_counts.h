// SPDX-License-Identifier: Apache-2.0
// Why rows went, for reports: how many for each reason, and the first of them by file and line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lockstep::rewards::data {

class DropCounts {
 public:
  struct Reason {
    std::string name;
    size_t num_dropped = 0;
    std::string example = "";  // the first row, and what was wrong with it where that says more than the name
  };
  // The reasons that a tool has, so that a report names those that did not occur, too.
  explicit DropCounts(const std::vector<std::string>& names);

  void add(std::string_view name, const std::string& where, const std::string& detail = "");  // `name` is one of the names
  const std::vector<Reason>& reasons() const { return reasons_; }
  size_t num_dropped(std::string_view name) const;

  base::Json json() const;   // [{"reason", "dropped", "first"}]
  std::string text() const;  // a line per reason that occurred

 private:
  std::vector<Reason> reasons_;
};

}  // namespace lockstep::rewards::data
