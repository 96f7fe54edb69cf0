// SPDX-License-Identifier: Apache-2.0
// Rows to a scratch file of ids, their lengths to chunks, chunks to lines.
#include "rl/pack_files.h"

#include "base/error.h"
#include "base/scratch_file.h"
#include "base/text.h"
#include "rewards/rows/row_file.h"
#include "rl/best_fit.h"
#include "rl/packed_rows.h"
#include "rl/row_ids.h"

namespace lockstep::rl {
namespace {

// Sequences by number; their ids are on the disk.
class SequenceFile {
 public:
  explicit SequenceFile(const std::string& path) : file_(path) {}

  void append(const TextRow& row) {
    begins_.push_back(file_.size() / sizeof(TokenId));
    prompts_.push_back(static_cast<uint32_t>(row.prompt.size()));
    lengths_.push_back(static_cast<uint32_t>(row.prompt.size() + row.completion.size()));
    for (const auto* ids : {&row.prompt, &row.completion}) file_.append(ids->data(), ids->size() * sizeof(TokenId));
  }
  void finish() { file_.finish(); }
  TextRow row(size_t i) const {
    const auto* begin = reinterpret_cast<const TokenId*>(file_.data()) + begins_[i];
    return {{begin, begin + prompts_[i]}, {begin + prompts_[i], begin + lengths_[i]}};
  }
  const std::vector<uint32_t>& lengths() const { return lengths_; }

 private:
  base::ScratchFile file_;
  std::vector<uint64_t> begins_;  // in ids
  std::vector<uint32_t> prompts_, lengths_;
};

std::string percent(double share) { return cat(base::fixed(100 * share, 2), " %"); }

}  // namespace

double PackReport::waste(size_t count) const {
  return 1 - static_cast<double>(num_tokens) / (static_cast<double>(count) * static_cast<double>(max_length));
}

base::Json PackReport::json() const {
  return {{"max_length", max_length},
          {"rows", num_rows},
          {"sequences", num_sequences},
          {"truncated", num_truncated},
          {"cut_tokens", num_cut_tokens},
          {"dropped", num_dropped},
          {"dropped_tokens", num_dropped_tokens},
          {"packed_sequences", num_packed},
          {"tokens", num_tokens},
          {"completion_tokens", num_trained},
          {"chunks", num_chunks},
          {"waste", waste(num_chunks)},
          {"first_fit_chunks", num_first_fit},
          {"first_fit_waste", waste(num_first_fit)},
          {"padding_waste", waste(num_packed)}};
}

std::string PackReport::text() const {
  return cat(num_rows, " rows, ", num_sequences, " sequences; ", num_truncated, " truncated (", num_cut_tokens, " tokens), ", num_dropped,
             " dropped (", num_dropped_tokens, " tokens)\n", num_packed, " sequences, ", num_tokens, " tokens (", num_trained,
             " of completions) in ", num_chunks, " chunks of ", max_length, "\nempty places: ", percent(waste(num_chunks)), "; first-fit ",
             percent(waste(num_first_fit)), " in ", num_first_fit, " chunks, one sequence a row ", percent(waste(num_packed)), "\n");
}

PackReport pack_files(const TextSource& source,
                      const model::Tokenizer& tokenizer,
                      const model::PromptFormat& format,
                      bool drops_long,
                      const std::string& output) {
  PackReport report{.max_length = static_cast<size_t>(source.max_length)};
  rewards::rows::RowWriter writer(output);
  SequenceFile sequences(output);
  report.num_rows = for_each_text_row(source, tokenizer, format, [&](TextRow row) {
    ++report.num_sequences;
    const size_t length = row.prompt.size() + row.completion.size();
    if (length > report.max_length && drops_long) {
      ++report.num_dropped;
      report.num_dropped_tokens += length;
      return;
    }
    if (length > report.max_length) {
      cut_row(row, report.max_length);
      ++report.num_truncated;
      report.num_cut_tokens += length - report.max_length;
    }
    sequences.append(row);
    report.num_tokens += row.prompt.size() + row.completion.size();
    report.num_trained += row.completion.size();
  });
  if (sequences.lengths().empty())
    throw Error(cat("every row has more than ", report.max_length, " tokens"), base::join(source.files, ", "), "raise --max-length, or truncate");
  sequences.finish();
  const auto capacity = static_cast<uint32_t>(report.max_length);
  for (const auto& chunk : best_fit_decreasing(sequences.lengths(), capacity)) {
    std::vector<TextRow> rows;
    for (const size_t i : chunk) rows.push_back(sequences.row(i));
    writer.write(packed_row(rows));
  }
  writer.finish();
  report.num_packed = sequences.lengths().size();
  report.num_chunks = writer.num_rows();
  report.num_first_fit = first_fit_count(sequences.lengths(), capacity);
  return report;
}

}  // namespace lockstep::rl
