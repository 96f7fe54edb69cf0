// SPDX-License-Identifier: Apache-2.0
// Names, escapes and samples of the exposition format.
#include "cli/report/prometheus.h"

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"

namespace lockstep::cli::report {
namespace {

// HELP texts escape backslash and line break; label values the double quote too.
std::string escaped(std::string_view text, bool is_label) {
  std::string out;
  for (const char c : base::repair_utf8(text)) {
    if (c == '\\') out += "\\\\";
    else if (c == '\n') out += "\\n";
    else if (c == '"' && is_label) out += "\\\"";
    else out += c;
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), written.ptr};
}

struct Sample {
  std::string stage;
  double value;
};

void add_gauge(std::string& out, const std::string& name, const std::string& help, const std::string& run, const std::vector<Sample>& samples) {
  out += cat("# HELP ", name, " ", escaped(help, false), "\n# TYPE ", name, " gauge\n");
  for (const auto& sample : samples)
    out += cat(name, "{run=\"", escaped(run, true), "\",stage=\"", escaped(sample.stage, true), "\"} ", number(sample.value), "\n");
}

}  // namespace

std::string prometheus_name(std::string_view name) {
  std::string out = "lockstep_";
  for (const char c : name) {
    const bool is_allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' || c == '_';
    out += is_allowed ? c : '_';
  }
  return out;
}

std::string prometheus_text(const MetricsTable& metrics, const std::string& run, double last_write_s) {
  std::map<std::string, std::vector<Sample>> by_metric;
  std::vector<Sample> steps;
  for (const auto& stage : metrics.stages()) {
    steps.push_back({stage.name, static_cast<double>(stage.last_step)});
    for (const auto& [name, value] : stage.latest) by_metric[name].push_back({stage.name, value});
  }
  std::string out;
  std::set<std::string> taken = {"lockstep_step", "lockstep_last_row_timestamp_seconds"};
  if (!steps.empty()) add_gauge(out, "lockstep_step", "Steps done in the stage.", run, steps);
  if (std::isfinite(last_write_s)) {
    const char* const name = "lockstep_last_row_timestamp_seconds";
    out += cat("# HELP ", name, " When metrics.jsonl was last written, in seconds since 1970.\n# TYPE ", name, " gauge\n", name,
               "{run=\"", escaped(run, true), "\"} ", base::fixed(last_write_s, 3), "\n");
  }
  for (const auto& [metric, samples] : by_metric) {
    const std::string plain = prometheus_name(metric);
    std::string name = plain;
    for (int i = 2; !taken.insert(name).second; ++i) name = cat(plain, "_", i);
    add_gauge(out, name, cat("The metric ", metric, ", as the last step wrote it."), run, samples);
  }
  return out;
}

}  // namespace lockstep::cli::report
