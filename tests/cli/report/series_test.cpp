// SPDX-License-Identifier: Apache-2.0
// Series: bounded, no extreme lost, the same points however they came, numbers that are not finite.
#include "cli/report/series.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"

namespace lockstep::test {
namespace {

using cli::report::Series;

struct Row {
  int64_t step;
  double value;
};

std::vector<Row> random_rows(uint64_t seed, int count) {
  base::Random rng(seed);
  std::vector<Row> rows;
  int64_t step = static_cast<int64_t>(rng.bits() % 100) - 50;
  for (int i = 0; i < count; ++i) {
    step += 1 + rng.bits() % 3;
    double value = std::ldexp(static_cast<double>(rng.bits()) - 2e9, static_cast<int>(rng.bits() % 60) - 30);
    if (rng.bits() % 50 == 0) value = std::numeric_limits<double>::quiet_NaN();
    if (rng.bits() % 50 == 0) value = -std::numeric_limits<double>::infinity();
    rows.push_back({step, value});
  }
  return rows;
}

Series series_of(const std::vector<Row>& rows, size_t max_points) {
  Series series(max_points);
  for (const auto& row : rows) series.add(row.step, row.value);
  return series;
}

bool is_equal(const cli::report::SeriesPoint& a, const cli::report::SeriesPoint& b) {
  const bool is_near = std::abs(a.mean - b.mean) <= 1e-12 * std::max(std::abs(a.mean), std::abs(b.mean)) || a.mean == b.mean;
  return a.step == b.step && a.is_finite == b.is_finite && a.low == b.low && a.high == b.high && is_near;
}

}  // namespace

TEST_CASE("series: every point stands for a range of steps, with that range's extremes and mean, whatever the bound") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const auto rows = random_rows(seed, 1 + static_cast<int>(seed * 37 % 900));
    for (const size_t max_points : {2, 7, 64, 5000}) {
      const auto series = series_of(rows, max_points);
      const auto points = series.points();
      CHECK(points.size() <= max_points);
      size_t at = 0;
      for (const auto& point : points) {  // the oracle: the rows of the same aligned range, looked at one by one
        const auto range = [&](int64_t step) { return std::floor(static_cast<double>(step) / static_cast<double>(series.width())); };
        double low = std::numeric_limits<double>::infinity(), high = -low, sum = 0, count = 0;
        int64_t last = 0;
        for (; at < rows.size() && range(rows[at].step) == range(point.step); ++at) {
          last = rows[at].step;
          if (!std::isfinite(rows[at].value)) continue;
          low = std::min(low, rows[at].value);
          high = std::max(high, rows[at].value);
          sum += rows[at].value;
          ++count;
        }
        CHECK(point.step == last);
        REQUIRE(point.is_finite == (count > 0));
        if (count == 0) continue;
        CHECK(point.low == low);
        CHECK(point.high == high);
        CHECK(point.mean == doctest::Approx(sum / count).epsilon(1e-9));
      }
      CHECK(at == rows.size());
    }
  }
}

TEST_CASE("series: the order in which steps come changes no point") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    auto rows = random_rows(seed, 500);
    const auto forward = series_of(rows, 50).points();
    std::reverse(rows.begin(), rows.end());
    const auto backward = series_of(rows, 50).points();
    CHECK(std::equal(forward.begin(), forward.end(), backward.begin(), backward.end(), is_equal));
  }
}

TEST_CASE("series: steps far apart and sums beyond a double's range stay finite and bounded") {
  const auto far = series_of({{std::numeric_limits<int64_t>::min(), 1}, {0, 2}, {std::numeric_limits<int64_t>::max(), 3}}, 2).points();
  CHECK(far.size() == 2);
  CHECK(far.front().low == 1);
  CHECK(far.back().high == 3);
  const auto big = series_of({{1, 1.7e308}, {2, 1.7e308}, {3, -1.7e308}, {4, 1.7e308}}, 2).points();
  for (const auto& point : big) CHECK(std::isfinite(point.mean));
}

TEST_CASE("series: as JSON, equal steps are shared, spread appears only where there is one, what is not finite is null") {
  Series flat(8);
  for (const int64_t step : {1, 2, 3}) flat.add(step, 0.5);
  CHECK(cli::report::series_json(flat, {1, 2, 3}).dump() == R"({"y":[0.5,0.5,0.5]})");
  CHECK(cli::report::series_json(flat, {1, 2, 4}).dump() == R"({"y":[0.5,0.5,0.5],"x":[1,2,3]})");
  Series broken(8);
  broken.add(1, 1.0 / 3);
  broken.add(2, std::numeric_limits<double>::quiet_NaN());
  CHECK(cli::report::series_json(broken, {1, 2}).dump() == R"({"y":[0.3333333,null],"bad":1})");
  Series merged(2);
  for (const int64_t step : {0, 1, 2, 3}) merged.add(step, static_cast<double>(step));
  CHECK(cli::report::series_json(merged, {1, 3}).dump() == R"({"y":[0.5,2.5],"lo":[0,2],"hi":[1,3],"width":2})");
}

TEST_CASE("series: short numbers keep integers whole and seven digits of the others") {
  using cli::report::short_number;
  CHECK(short_number(1023285).dump() == "1023285");
  CHECK(short_number(9007199254740991.0).dump() == "9007199254740991");
  CHECK(short_number(0.052807632679412485).dump() == "0.05280763");
  CHECK(short_number(-2.441705171562439e-05).get<double>() == -2.441705e-05);
  CHECK(short_number(std::numeric_limits<double>::infinity()).is_null());
  base::Random rng(7);
  for (int i = 0; i < 2000; ++i) {
    const double value = std::ldexp(static_cast<double>(rng.bits()) + 0.5, static_cast<int>(rng.bits() % 400) - 200);
    CHECK(short_number(value).get<double>() == doctest::Approx(value).epsilon(1e-6));
  }
}

}  // namespace lockstep::test
