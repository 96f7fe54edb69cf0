// SPDX-License-Identifier: Apache-2.0
// One row of metrics: names to numbers, in the order in which they were set.
#pragma once

#include <string>

#include "base/json.h"

namespace lockstep::rl {

class MetricsRow {
 public:
  void set(const std::string& name, double value) { values_[name] = value; }
  double get(const std::string& name) const { return values_.at(name).get<double>(); }
  const base::Json& values() const { return values_; }

 private:
  base::Json values_ = base::Json::object();
};

}  // namespace lockstep::rl
