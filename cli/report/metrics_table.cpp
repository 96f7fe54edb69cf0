// SPDX-License-Identifier: Apache-2.0
// Parsing metric rows and sorting their values into series.
#include "cli/report/metrics_table.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::cli::report {

std::optional<MetricsRow> parse_metrics_line(std::string_view line) {
  base::Json json;
  try {
    json = base::parse_json(line, "metrics.jsonl", {.max_depth = 4});
  } catch (const Error&) {
    return std::nullopt;
  }
  const auto step = json.is_object() ? json.find("step") : json.end();
  if (!json.is_object() || step == json.end() || !step->is_number_integer()) return std::nullopt;
  if (step->is_number_unsigned() && step->get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  MetricsRow row;
  row.step = step->get<int64_t>();
  for (const auto& [name, value] : json.items()) {
    if (name == "stage" && value.is_string()) row.stage = value.get<std::string>().substr(0, MetricsTable::kMaxNameBytes);
    if (name == "step" || name == "stage") continue;
    if (value.is_number()) row.values.emplace_back(name, value.get<double>());
    if (value.is_null()) row.values.emplace_back(name, std::numeric_limits<double>::quiet_NaN());
  }
  return row;
}

MetricsStage* MetricsTable::stage_of(const std::string& name) {
  for (auto& stage : stages_)
    if (stage.name == name) return &stage;
  if (stages_.size() == kMaxStages) return nullptr;
  return &stages_.emplace_back(name, max_points_);
}

void MetricsTable::add_value(MetricsStage& stage, const std::string& name, int64_t step, double value) {
  const auto [entry, is_new] = stage.index.try_emplace(name, stage.series.size());
  if (is_new && (stage.series.size() == kMaxMetrics || name.size() > kMaxNameBytes)) {
    stage.index.erase(entry);
    ++num_left_out_;
    return;
  }
  if (is_new) stage.series.emplace_back(name, Series(max_points_));
  stage.series[entry->second].second.add(step, value);
  stage.latest[name] = value;
}

void MetricsTable::add_line(std::string_view line) {
  const auto row = parse_metrics_line(line);
  if (!row) {
    ++num_bad_lines_;
    return;
  }
  MetricsStage* const stage = stage_of(row->stage);
  if (stage == nullptr) {
    num_left_out_ += static_cast<int64_t>(row->values.size());
    return;
  }
  stage->rows.add(row->step, 0);
  stage->num_rows += 1;
  stage->last_step = row->step;
  for (const auto& [name, value] : row->values) {
    add_value(*stage, name, row->step, value);
    if (name != "step_time" || !std::isfinite(value)) continue;
    stage->elapsed_s += value;
    add_value(*stage, "elapsed_s", row->step, stage->elapsed_s);
  }
}

base::Json MetricsTable::to_json() const {
  base::Json out = base::Json::array();
  for (const auto& stage : stages_) {
    std::vector<int64_t> steps;
    for (const auto& point : stage.rows.points()) steps.push_back(point.step);
    base::Json series = base::Json::object();
    for (const auto& [name, values] : stage.series) series[name] = series_json(values, steps);
    out.push_back({{"name", stage.name},
                   {"num_rows", stage.num_rows},
                   {"last_step", stage.last_step},
                   {"elapsed_s", short_number(stage.elapsed_s)},
                   {"width", stage.rows.width()},
                   {"steps", steps},
                   {"series", std::move(series)}});
  }
  return out;
}

}  // namespace lockstep::cli::report
