// SPDX-License-Identifier: Apache-2.0
// Statistics as JSON and as a table.
#include <algorithm>

#include "base/text.h"
#include "rewards/data/stats.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;

constexpr size_t kBarWidth = 40;
constexpr size_t kShownClasses = 12;

std::string share(size_t part, size_t whole) {
  return base::fixed(100 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}

std::string histogram_text(const LengthSummary& summary) {
  const size_t most = *std::max_element(summary.histogram.begin(), summary.histogram.end());
  std::string out;
  for (size_t bin = 0; bin < summary.histogram.size(); ++bin) {
    const size_t count = summary.histogram[bin];
    if (count == 0) continue;
    const size_t low = bin == 0 ? 0 : size_t{1} << (bin - 1), high = bin == 0 ? 0 : 2 * low - 1;
    const std::string range = low == high ? cat(low) : cat(low, "-", high);
    out += cat("    ", std::string(std::max<size_t>(19, range.size()) - range.size(), ' '), range, "  ",
               std::string(std::max<size_t>(1, count * kBarWidth / most), '#'), " ", count, "\n");
  }
  return out;
}

std::string counts_text(const std::map<std::string, size_t>& counts, size_t num_rows) {
  std::vector<std::pair<std::string, size_t>> list(counts.begin(), counts.end());
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> parts;
  for (size_t i = 0; i < std::min(list.size(), kShownClasses); ++i) {
    parts.push_back(cat(base::printable(list[i].first), " ", list[i].second, " (", share(list[i].second, num_rows), ")"));
  }
  return base::join(parts, ", ") + (list.size() > kShownClasses ? cat(", and ", list.size() - kShownClasses, " more") : "");
}

}  // namespace

Json StatsReport::json() const {
  Json out = {{"rows", num_rows}, {"repeated_prompts", num_repeated_prompts}, {"without_gold", num_without_gold}, {"shapes", shapes}};
  for (const auto& [name, column] : columns) {
    out["columns"][name] = {{"rows", column.num_rows}, {"empty", column.num_empty}, {"types", column.types}};
  }
  for (const auto& [name, summary] : lengths) {
    out["lengths"][name] = {{"rows", summary.count},     {"mean", summary.mean}, {"min", summary.least}, {"median", summary.median},
                            {"p95", summary.p95}, {"max", summary.most},  {"histogram_by_bits", summary.histogram}};
  }
  out["languages"] = languages;
  out["classes"] = classes;
  return out;
}

std::string StatsReport::text() const {
  std::string out = cat(num_rows, " rows; ", num_repeated_prompts, " repeat a prompt, ", num_without_gold, " have no gold answer\n");
  out += cat("shapes: ", counts_text(shapes, num_rows), "\ncolumns:\n");
  for (const auto& [name, column] : columns) {
    std::vector<std::string> types;
    for (const auto& [type, count] : column.types) types.push_back(type);
    out += cat("  ", base::printable(name), ": ", base::join(types, ", "), " in ", column.num_rows, " rows, empty in ", column.num_empty, "\n");
  }
  out += cat("languages: ", counts_text(languages, num_rows), "\n");
  for (const auto& [column, counts] : classes) out += cat(base::printable(column), ": ", counts_text(counts, num_rows), "\n");
  for (const auto& [name, summary] : lengths) {
    out += cat(name, ": mean ", base::fixed(summary.mean, 1), ", min ", summary.least, ", median ", summary.median, ", p95 ", summary.p95,
               ", max ", summary.most, "\n", histogram_text(summary));
  }
  return out;
}

}  // namespace lockstep::rewards::data
