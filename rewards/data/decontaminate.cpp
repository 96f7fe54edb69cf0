// SPDX-License-Identifier: Apache-2.0
// One pass over the evaluation files, one over the training files.
#include "rewards/data/decontaminate.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rewards/data/field_text.h"
#include "rewards/data/ngram_index.h"
#include "rewards/rows/row_file.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;

constexpr size_t kMaxHitsPerRow = 16;
constexpr size_t kMaxShared = 5;
constexpr size_t kShownHits = 5;

// Which row a text of the index comes from.
struct EvalRow {
  uint32_t file;
  std::string where;
  bool is_hit = false;
};

class Decontaminator {
 public:
  explicit Decontaminator(const DecontaminateOptions& options) : options_(options), index_(options.ngram) {}

  void add_eval_file(const std::string& path, DecontaminateReport& report) {
    auto& file = report.eval_files.emplace_back(DecontaminateReport::EvalFile{.path = path});
    rows::for_each_row(path, [&](rows::FileRow& row) {
      ++file.num_rows;
      rows_.push_back({static_cast<uint32_t>(report.eval_files.size() - 1), row.where});
      for (const std::string& field : options_.eval_fields) {
        file.num_short += index_.add(field_text(row.json, field, row.where)) ? 0 : 1;
        row_of_text_.push_back(static_cast<uint32_t>(rows_.size() - 1));
      }
    });
    if (file.num_rows == 0) throw Error("the evaluation file has no rows", path, "give the file that is to be kept apart");
  }

  bool is_clean(const rows::FileRow& row, DecontaminateReport& report) {
    std::vector<uint32_t> seen;
    for (const std::string& field : options_.fields) {
      const Words words(field_text(row.json, field, row.where), Symbols::drop);
      for (const NgramIndex::Hit& hit : index_.find(words, options_.max_eval_rows)) {
        const uint32_t eval = row_of_text_[hit.text];
        if (std::find(seen.begin(), seen.end(), eval) != seen.end()) continue;
        seen.push_back(eval);
        EvalRow& eval_row = rows_[eval];
        report.eval_files[eval_row.file].num_hit += eval_row.is_hit ? 0 : 1;
        eval_row.is_hit = true;
        ++report.num_hits;
        if (seen.size() > kMaxHitsPerRow || report.hits.size() >= kMaxHits) continue;
        report.hits.push_back({row.where, eval_row.where, std::string(hit.ngram)});
      }
    }
    return seen.empty();
  }

  const NgramIndex& index() const { return index_; }

 private:
  DecontaminateOptions options_;
  NgramIndex index_;
  std::vector<EvalRow> rows_;
  std::vector<uint32_t> row_of_text_;
};

}  // namespace

DecontaminateReport decontaminate(const std::vector<std::string>& inputs, const std::vector<std::string>& against,
                                  const std::string& output, const DecontaminateOptions& options) {
  DecontaminateReport report;
  Decontaminator decontaminator(options);
  for (const std::string& path : against) decontaminator.add_eval_file(path, report);
  report.shared = decontaminator.index().most_shared(kMaxShared);
  rows::RowWriter writer(output);
  for (const std::string& path : inputs) {
    rows::for_each_row(path, [&](rows::FileRow& row) {
      ++report.rows_in;
      if (decontaminator.is_clean(row, report)) writer.write(row);
    });
  }
  if (report.rows_in == 0) throw Error("there are no rows", base::join(inputs, ", "), "give files with rows");
  writer.finish();
  report.rows_out = writer.num_rows();
  return report;
}

Json DecontaminateReport::json() const {
  Json files = Json::array(), list = Json::array(), templates = Json::array();
  for (const EvalFile& file : eval_files) {
    files.push_back({{"path", file.path}, {"rows", file.num_rows}, {"too_short", file.num_short}, {"rows_hit", file.num_hit}});
  }
  for (const Hit& hit : hits) list.push_back({{"row", hit.row}, {"eval_row", hit.eval_row}, {"ngram", hit.ngram}});
  for (const auto& [ngram, count] : shared) templates.push_back({{"ngram", ngram}, {"eval_rows", count}});
  return {{"rows_in", rows_in}, {"rows_out", rows_out}, {"eval_files", files}, {"num_hits", num_hits}, {"hits", list},
          {"ngrams_of_many_eval_rows", templates}};
}

std::string DecontaminateReport::text() const {
  std::string out = cat(rows_in, " rows in, ", rows_out, " out: ", rows_in - rows_out, " share an n-gram with an evaluation row\n");
  for (const EvalFile& file : eval_files) {
    out += cat("  ", base::printable(file.path), ": ", file.num_rows, " rows, ", file.num_hit, " of them hit, ", file.num_short,
               " texts too short to be looked for\n");
  }
  for (size_t i = 0; i < std::min(hits.size(), kShownHits); ++i) {
    out += cat("  ", base::printable(hits[i].row), " has \"", base::printable(hits[i].ngram), "\" of ",
               base::printable(hits[i].eval_row), "\n");
  }
  for (const auto& [ngram, count] : shared) {
    const size_t many = eval_files.empty() ? 0 : std::max<size_t>(10, eval_files[0].num_rows / 10);
    if (count >= many) out += cat("  ", count, " evaluation rows share \"", base::printable(ngram), "\": a template?\n");
  }
  return out;
}

}  // namespace lockstep::rewards::data
