// SPDX-License-Identifier: Apache-2.0
// One metric over steps in bounded memory: equal step ranges, each with its mean and its extremes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "base/json.h"

namespace lockstep::cli::report {

struct SeriesPoint {
  int64_t step = 0;  // the last of the range that has a value
  double mean = 0, low = 0, high = 0;
  bool is_finite = false;  // false: every value of the range was NaN or infinite
};

// A range is `width` steps, a power of two that doubles when there are more than `max_points` ranges. Doubling merges whole
// ranges, so the points do not depend on when they were asked for, and no extreme is ever lost. Steps may come in any order.
class Series {
 public:
  explicit Series(size_t max_points);  // at least 2

  void add(int64_t step, double value);  // a value that is not finite counts, and breaks the line where it is alone
  std::vector<SeriesPoint> points() const;
  int64_t width() const { return shift_ < 63 ? int64_t{1} << shift_ : std::numeric_limits<int64_t>::max(); }
  int64_t num_nonfinite() const { return num_nonfinite_; }

 private:
  struct Range {
    int64_t step = 0, count = 0;
    long double sum = 0;  // doubles of any size add up without overflow
    double low = 0, high = 0;
  };
  static void merge(Range& range, const Range& other);
  void halve();

  size_t max_points_;
  int shift_ = 0;
  int64_t num_nonfinite_ = 0;
  std::map<int64_t, Range> ranges_;  // by step >> shift_
};

// {"y": means, "lo": lows, "hi": highs, "x": steps, "bad": values that were not finite}: "lo" and "hi" only where they differ from the mean
// somewhere, "x" only when the steps are not `shared_steps`, "bad" only when there are any; numbers at 7 significant digits.
base::Json series_json(const Series& series, const std::vector<int64_t>& shared_steps);

// The number at 7 significant digits, integers below 2^53 exactly; null when it is not finite.
base::Json short_number(double value);

}  // namespace lockstep::cli::report
