// SPDX-License-Identifier: Apache-2.0
// Two passes over the files: cluster, then write.
#include "rewards/data/dedup.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rewards/data/field_text.h"
#include "rewards/rows/row_file.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;

constexpr size_t kMaxExamples = 5;
constexpr size_t kSnippetBytes = 160;

std::string snippet(const std::string& text) { return base::printable(text.substr(0, kSnippetBytes)); }

std::vector<uint32_t> cluster_sizes(const Clusters& clusters) {
  std::vector<uint32_t> sizes(clusters.first.size());
  for (const uint32_t first : clusters.first) ++sizes[first];
  return sizes;
}

// The first rows of the largest clusters, largest first.
std::vector<uint32_t> largest_clusters(const std::vector<uint32_t>& sizes) {
  std::vector<uint32_t> firsts;
  for (uint32_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] > 1) firsts.push_back(i);
  }
  const size_t count = std::min(firsts.size(), kMaxExamples);
  std::partial_sort(firsts.begin(), firsts.begin() + static_cast<ptrdiff_t>(count), firsts.end(),
                    [&](uint32_t a, uint32_t b) { return sizes[a] != sizes[b] ? sizes[a] > sizes[b] : a < b; });
  firsts.resize(count);
  return firsts;
}

void count_clusters(DedupReport& report, const std::vector<uint32_t>& sizes) {
  for (const uint32_t size : sizes) {
    if (size < 2) continue;
    ++report.num_clusters;
    report.largest = std::max<size_t>(report.largest, size);
    size_t bucket = 2;
    while (bucket < size) bucket *= 2;
    ++report.sizes[bucket];
  }
}

void add_example(DedupReport& report, const std::vector<uint32_t>& shown, uint32_t first, bool is_kept, const rows::FileRow& row,
                 const std::string& field) {
  const auto found = std::find(shown.begin(), shown.end(), first);
  if (found == shown.end()) return;
  auto& example = report.examples[static_cast<size_t>(found - shown.begin())];
  if (!is_kept && !example.removed.empty()) return;
  (is_kept ? example.kept : example.removed) = row.where;
  (is_kept ? example.kept_text : example.removed_text) = snippet(field_text(row.json, field, row.where));
}

}  // namespace

DedupReport dedup(const std::vector<std::string>& inputs, const std::string& output, const DedupOptions& options) {
  rows::RowWriter writer(output);
  Clusterer clusterer(options.clusters, output);
  for (const std::string& path : inputs) {
    rows::for_each_row(path, [&](rows::FileRow& row) { clusterer.add(field_text(row.json, options.field, row.where)); });
  }
  DedupReport report{.clusters = clusterer.finish()};
  const std::vector<uint32_t> firsts = std::move(report.clusters.first);
  if (firsts.empty()) throw Error("there are no rows", base::join(inputs, ", "), "give files with rows");
  const std::vector<uint32_t> sizes = cluster_sizes({.first = firsts});
  const std::vector<uint32_t> shown = largest_clusters(sizes);
  count_clusters(report, sizes);
  for (const uint32_t first : shown) report.examples.push_back({.num_rows = sizes[first]});
  const auto write = [&](rows::FileRow& row) {
    const size_t index = report.rows_in++;
    if (index >= firsts.size()) return;
    add_example(report, shown, firsts[index], firsts[index] == index, row, options.field);
    if (firsts[index] == index) writer.write(row);
  };
  for (const std::string& path : inputs) rows::for_each_row(path, write);
  if (report.rows_in != firsts.size()) {
    throw Error(cat("the second reading found ", report.rows_in, " rows, the first ", firsts.size()), base::join(inputs, ", "),
                "let nothing write the files meanwhile");
  }
  writer.finish();
  report.rows_out = writer.num_rows();
  return report;
}

Json DedupReport::json() const {
  Json histogram = Json::object(), list = Json::array();
  for (const auto& [size, count] : sizes) histogram[cat("<=", size)] = count;
  for (const Example& example : examples) {
    list.push_back({{"rows", example.num_rows},
                    {"kept", {{"where", example.kept}, {"text", example.kept_text}}},
                    {"removed", {{"where", example.removed}, {"text", example.removed_text}}}});
  }
  return {{"rows_in", rows_in},       {"rows_out", rows_out},
          {"clusters", num_clusters}, {"largest_cluster", largest},
          {"exact_duplicates", clusters.num_exact},
          {"near_pairs_joined", clusters.num_near},
          {"candidate_pairs", clusters.num_candidates},
          {"bands", {{"count", clusters.bands.count}, {"rows", clusters.bands.rows}}},
          {"cluster_sizes", histogram},
          {"examples", list}};
}

std::string DedupReport::text() const {
  std::string out = cat(rows_in, " rows in, ", rows_out, " out: ", rows_in - rows_out, " duplicates in ", num_clusters,
                        " clusters, the largest of ", largest, " rows (", clusters.num_exact, " equal, ", clusters.num_near,
                        " joined as near, ", clusters.num_candidates, " pairs compared)\n");
  for (const auto& [size, count] : sizes) out += cat("  clusters of up to ", size, " rows: ", count, "\n");
  for (const Example& example : examples) {
    out += cat("  ", example.num_rows, " rows, kept ", base::printable(example.kept), ": ", example.kept_text, "\n    removed ",
               base::printable(example.removed), ": ", example.removed_text, "\n");
  }
  return out;
}

}  // namespace lockstep::rewards::data
