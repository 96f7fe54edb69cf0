// SPDX-License-Identifier: Apache-2.0
// Reading into the spool, counting, choosing, writing in order.
#include "rewards/data/mix.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "rewards/data/row_spool.h"
#include "rewards/rows/example.h"
#include "rewards/rows/row_file.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;
using Rows = std::vector<size_t>;  // numbers in the spool

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void check_weights(const MixConfig& config) {
  const auto weighted = std::count_if(config.inputs.begin(), config.inputs.end(), [](const MixInput& input) { return input.weight.has_value(); });
  if (weighted == 0 && config.total_rows == 0) return;
  if (static_cast<size_t>(weighted) != config.inputs.size()) {
    throw Error(cat(weighted, " of ", config.inputs.size(), " inputs have a weight"), "/inputs", "give each one, with total_rows, or none");
  }
  if (config.total_rows == 0) throw Error("weights without a number of rows", "/total_rows", "say how many rows are to be written");
  for (size_t i = 0; i < config.inputs.size(); ++i) {
    if (config.inputs[i].repeat != 1) throw Error("repeat and weight exclude each other", cat("/inputs/", i, "/repeat"), "leave one of them out");
  }
}

void add_columns(Json& row, const Json& columns, const std::string& where) {
  for (const auto& [name, value] : columns.items()) {
    const auto found = row.find(name);
    if (found != row.end() && *found != value) {
      throw Error(cat("the row has \"", base::printable(name), "\" = ", base::printable(dumped(*found)).substr(0, 100), " already"), where,
                  cat("leave the column out of `columns`, or take it out of the file; wanted was ", base::printable(dumped(value)).substr(0, 100)));
    }
    row[name] = value;
  }
}

// All rows of an input, which are consecutive in the spool.
void read_input(const MixInput& input, RowSpool& spool, MixReport::Input& report) {
  rows::for_each_row(input.path, [&](rows::FileRow& row) {
    const auto shape = rows::detect_shape(row.json);
    if (!shape) {
      throw Error("the row has no known shape", row.where,
                  "give \"prompt\", \"messages\", \"conversations\", \"instruction\", \"question\", \"problem\" or \"text\"");
    }
    ++report.shapes[rows::shape_name(*shape)];
    ++report.rows_in;
    const bool keeps_bytes = input.columns.empty() && !row.line.empty();
    add_columns(row.json, input.columns, row.where);
    keeps_bytes ? spool.append(row.line) : spool.append(dumped(row.json));
  });
  if (report.rows_in == 0) throw Error("there are no rows", input.path, "give a file with rows, or leave it out");
}

// `count` of the rows, at random, in their old order.
Rows random_rows(Rows rows, size_t count, base::Random random) {
  if (count >= rows.size()) return rows;
  random.shuffle(rows);
  rows.resize(count);
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Each row floor(count / n) times, and once more those that are drawn.
Rows repeated(const Rows& rows, size_t count, base::Random random) {
  Rows list;
  for (size_t round = 0; round < count / rows.size(); ++round) list.insert(list.end(), rows.begin(), rows.end());
  const Rows rest = random_rows(rows, count % rows.size(), random);
  if (count % rows.size() != 0) list.insert(list.end(), rest.begin(), rest.end());
  return list;
}

}  // namespace

std::vector<size_t> apportioned(const std::vector<double>& weights, size_t total) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<size_t> counts, order(weights.size());
  std::vector<double> remainders;
  size_t given = 0;
  for (const double weight : weights) {
    const double exact = static_cast<double>(total) * (weight / sum);
    counts.push_back(std::min(static_cast<size_t>(exact), total - given));
    given += counts.back();
    remainders.push_back(exact - std::floor(exact));
  }
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return remainders[a] > remainders[b]; });
  for (size_t i = 0; given < total; i = (i + 1) % order.size(), ++given) ++counts[order[i]];
  return counts;
}

namespace {

// The rows to write, as often as each is written, in the order of writing. Fills in what the report says about it.
Rows order_of_rows(const MixConfig& config, MixReport& report) {
  std::vector<double> weights;
  for (const MixInput& input : config.inputs) weights.push_back(input.weight.value_or(0));
  const std::vector<size_t> shares = config.total_rows == 0 ? std::vector<size_t>() : apportioned(weights, static_cast<size_t>(config.total_rows));
  Rows order;
  size_t first = 0;
  for (size_t i = 0; i < config.inputs.size(); ++i) {
    const MixInput& input = config.inputs[i];
    Rows rows(report.inputs[i].rows_in);
    std::iota(rows.begin(), rows.end(), first);
    first += rows.size();
    if (input.max_rows > 0) rows = random_rows(std::move(rows), static_cast<size_t>(input.max_rows), base::Random(config.seed, "mix/rows", i));
    const size_t count = shares.empty() ? rows.size() * static_cast<size_t>(input.repeat) : shares[i];
    const Rows list = repeated(rows, count, base::Random(config.seed, "mix/rest", i));
    report.inputs[i].num_chosen = std::min(count, rows.size());
    report.inputs[i].rows_out = list.size();
    order.insert(order.end(), list.begin(), list.end());
  }
  if (config.shuffle) base::Random(config.seed, "mix/order").shuffle(order);
  return order;
}

}  // namespace

MixReport mix(const MixConfig& config, const std::string& output) {
  if (config.inputs.empty()) throw Error("there are no inputs", "/inputs", "name files of rows");
  check_weights(config);
  MixReport report;
  RowSpool spool(output);
  rows::RowWriter writer(output);
  for (const MixInput& input : config.inputs) read_input(input, spool, report.inputs.emplace_back(MixReport::Input{.path = input.path}));
  spool.finish();
  const Rows order = order_of_rows(config, report);
  for (const size_t row : order) {
    writer.write(rows::FileRow{.json = {}, .line = spool.row(row), .where = {}});
  }
  writer.finish();
  report.rows_out = writer.num_rows();
  return report;
}

Json MixReport::json() const {
  Json list = Json::array();
  for (const Input& input : inputs) {
    list.push_back({{"path", input.path}, {"rows_in", input.rows_in}, {"chosen", input.num_chosen}, {"rows_out", input.rows_out}, {"shapes", input.shapes}});
  }
  return {{"rows_out", rows_out}, {"inputs", list}};
}

std::string MixReport::text() const {
  std::string out = cat(rows_out, " rows out\n");
  for (const Input& input : inputs) {
    std::vector<std::string> names;
    for (const auto& [shape, count] : input.shapes) names.push_back(cat(count, " ", shape));
    const double share = rows_out == 0 ? 0 : 100 * static_cast<double>(input.rows_out) / static_cast<double>(rows_out);
    out += cat("  ", base::printable(input.path), ": ", input.rows_in, " rows (", base::join(names, ", "), "), ", input.num_chosen,
               " of them taken, ", input.rows_out, " written, ", base::fixed(share, 1), "%\n");
  }
  return out;
}

}  // namespace lockstep::rewards::data
