// SPDX-License-Identifier: Apache-2.0
// Tables over seeds.
#include "rl/pipeline/summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "rl/pipeline/markdown.h"
#include "rl/pipeline/measures.h"
#include "rl/pipeline/stage_record.h"

namespace lockstep::rl::pipeline {
namespace {

// 0.975 quantiles of Student's t for 1, 2, ... degrees of freedom; beyond the last the normal's is near.
constexpr std::array<double, 10> kStudent = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228};
constexpr double kNormal = 1.96;

const std::array<std::pair<const char*, const char*>, 4> kCurve = {
    {{"eval_pass@1", "pass_at_1"}, {"eval_format", "format"}, {"eval_mean_length", "mean_length"}, {"eval_reflection", "reflection"}}};

// Of a table of results, what the seeds found for one number.
std::vector<double> values_of(const std::vector<base::Json>& results, const std::string& model, const std::string& key) {
  std::vector<double> out;
  for (const auto& result : results)
    if (result.at(model).contains(key) && result.at(model).at(key).is_number()) out.push_back(result.at(model).at(key).get<double>());
  return out;
}

std::string suite_table(const std::string& name, const std::vector<base::Json>& results) {
  Cells head = shown_measures(results.front());
  std::vector<Cells> rows;
  for (const auto& [model, unused] : results.front().items()) {
    Cells& row = rows.emplace_back(Cells{model});
    for (const auto& key : head) {
      const auto values = values_of(results, model, key);
      row.push_back(values.empty() ? "-" : spread_of(values).text());
    }
  }
  head.insert(head.begin(), "model");
  return cat("### ", name, "\n\n", markdown_table(head, rows), "\n\n");
}

std::string evaluation(const std::vector<Pipeline>& seeds, const std::string& stage) {
  std::vector<base::Json> all;
  for (const auto& pipeline : seeds) all.push_back(base::parse_json_file(pipeline.folder(stage) + "/results.json"));
  std::string out;
  for (const auto& [suite, unused] : all.front().items()) {
    std::vector<base::Json> results;
    for (const auto& result : all) results.push_back(result.at(suite));
    out += suite_table(suite, results);
  }
  return out;
}

// step -> measure -> one value a seed, from the evaluations that a training made of itself.
using Curve = std::map<int64_t, std::map<std::string, std::vector<double>>>;

void add_point(Curve& curve, int64_t step, const base::Json& row, const std::function<std::string(const std::pair<const char*, const char*>&)>& key) {
  for (const auto& names : kCurve)
    if (row.contains(key(names)) && row.at(key(names)).is_number()) curve[step][names.second].push_back(row.at(key(names)).get<double>());
}

Curve curve_of(const std::vector<Pipeline>& seeds, const std::string& stage) {
  Curve curve;
  for (const auto& pipeline : seeds) {
    const std::string before = pipeline.folder(stage) + "/eval_before.json", metrics = pipeline.folder(stage) + "/metrics.jsonl";
    if (std::filesystem::exists(before))
      add_point(curve, 0, base::parse_json_file(before), [](const auto& names) { return std::string(names.second); });
    if (!std::filesystem::exists(metrics)) continue;
    base::for_each_line(metrics, [&](std::string_view line, size_t number) {
      const auto row = base::parse_json(line, cat(metrics, ":", number));
      if (row.value("stage", std::string()) == "grpo")
        add_point(curve, row.value("step", int64_t{0}), row, [](const auto& names) { return std::string(names.first); });
    });
  }
  return curve;
}

std::string curve_table(const std::string& stage, const Curve& curve) {
  if (curve.size() < 2) return "";
  Cells head = {"step"};
  for (const auto& [unused, name] : kCurve) head.push_back(name);
  std::vector<Cells> rows;
  for (const auto& [step, measures] : curve) {
    Cells& row = rows.emplace_back(Cells{cat(step)});
    for (const auto& [unused, name] : kCurve) row.push_back(measures.contains(name) ? spread_of(measures.at(name)).text() : "-");
  }
  return cat("### ", stage, ", over its steps\n\n", markdown_table(head, rows), "\n\n");
}

std::string times(const std::vector<Pipeline>& seeds) {
  std::vector<Cells> rows;
  double total = 0;
  for (const auto& stage : seeds.front().stages) {
    std::vector<double> seconds;
    std::string digests;
    for (const auto& pipeline : seeds) {
      const auto record = read_record(pipeline.folder(stage.name));
      if (!record || !record->is_done) throw Error("the stage is not done", pipeline.folder(stage.name), "run the pipeline to its end");
      seconds.push_back(record->seconds);
      digests += cat(digests.empty() ? "" : ", ", record->digest().substr(0, 12));
    }
    const auto spread = spread_of(seconds);
    total += spread.mean;
    rows.push_back({stage.name, stage.kind, base::fixed(spread.mean, 1), digests});
  }
  return cat("### time and checksums\n\n", markdown_table({"stage", "kind", "seconds", "artefact of each seed"}, rows), "\n\nOne seed took ",
             base::format_seconds(total), ".\n");
}

}  // namespace

std::string Spread::text() const {
  if (n < 2) return base::fixed(mean, 3);
  return cat(base::fixed(mean, 3), " ± ", base::fixed(half_width, 3), " (", base::fixed(min, 3), " to ", base::fixed(max, 3), ")");
}

Spread spread_of(const std::vector<double>& values) {
  Spread out;
  out.n = values.size();
  if (values.empty()) return out;
  const auto n = static_cast<double>(out.n);
  for (const double value : values) out.mean += value / n;
  out.min = *std::min_element(values.begin(), values.end());
  out.max = *std::max_element(values.begin(), values.end());
  if (out.n < 2) return out;
  double squares = 0;
  for (const double value : values) squares += (value - out.mean) * (value - out.mean);
  const double t = out.n - 2 < kStudent.size() ? kStudent[out.n - 2] : kNormal;
  out.half_width = t * std::sqrt(squares / (n - 1) / n);
  return out;
}

std::string summarize(const std::vector<Pipeline>& seeds) {
  if (seeds.empty()) throw Error("no seeds to summarise", "seeds", "name at least one");
  std::string out = "Means over seeds ";
  for (size_t i = 0; i < seeds.size(); ++i) out += cat(i == 0 ? "" : ", ", seeds[i].seed);
  out += " ± half of Student's 95 % interval (smallest to largest).\n\n";
  for (const auto& stage : seeds.front().stages)
    if (stage.kind == "evaluate") out += evaluation(seeds, stage.name);
  for (const auto& stage : seeds.front().stages)
    if (stage.kind == "train") out += curve_table(stage.name, curve_of(seeds, stage.name));
  return out + times(seeds);
}

}  // namespace lockstep::rl::pipeline
