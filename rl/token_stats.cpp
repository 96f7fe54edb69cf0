// SPDX-License-Identifier: Apache-2.0
// Lengths in tokens, row by row.
#include "rl/token_stats.h"

#include "base/error.h"
#include "base/text.h"
#include "rewards/rows/example.h"
#include "rl/packed_rows.h"
#include "rl/row_ids.h"

namespace lockstep::rl {
namespace {

using rewards::rows::Example;

class Collector {
 public:
  Collector(const model::Tokenizer& tokenizer, const model::PromptFormat& format, int64_t max_length) : tokenizer_(tokenizer), format_(format) {
    stats_.max_length = max_length;
  }

  void add(const rewards::rows::FileRow& row) {
    try {
      if (is_packed(row.json)) {
        for (const auto& sequence : read_packed(row.json, tokenizer_.vocab_size(), row.where)) add_ids(sequence, "completion");
      } else if (rewards::rows::detect_shape(row.json)) {
        add_example(rewards::rows::read_example(row.json, row.where));
      }
    } catch (const Error& error) {
      if (++stats_.num_refused == 1) stats_.refusal = cat(error.what_happened(), " (", row.where, ")");
    }
  }

  TokenStats finish() {
    for (auto& [name, lengths] : lengths_) stats_.lengths[name] = rewards::data::summarise(std::move(lengths));
    return std::move(stats_);
  }

 private:
  void add_example(const Example& example) {
    TextRow row;
    if (example.shape == rewards::rows::Shape::text) {
      row.completion = tokenizer_.encode(example.completion.value_or(""));
      row.completion.push_back(require_eos(tokenizer_));
      return add_ids(row, "document");
    }
    std::vector<model::Message> messages;
    for (const auto& turn : example.prompt) messages.push_back({turn.role, turn.content});
    row.prompt = model::prompt_ids(tokenizer_, format_, messages);
    if (example.completion) row.completion = model::completion_ids(tokenizer_, format_, *example.completion);
    add_ids(row, "completion");
  }

  void add_ids(const TextRow& row, const std::string& completion) {
    ++stats_.num_rows;
    const size_t total = row.prompt.size() + row.completion.size();
    stats_.num_above += stats_.max_length > 0 && total > static_cast<size_t>(stats_.max_length) ? 1 : 0;
    if (!row.prompt.empty()) lengths_["prompt tokens"].push_back(static_cast<uint32_t>(row.prompt.size()));
    if (!row.completion.empty()) lengths_[completion + " tokens"].push_back(static_cast<uint32_t>(row.completion.size()));
    lengths_["row tokens"].push_back(static_cast<uint32_t>(total));
  }

  const model::Tokenizer& tokenizer_;
  const model::PromptFormat& format_;
  std::map<std::string, std::vector<uint32_t>> lengths_;
  TokenStats stats_;
};

}  // namespace

base::Json TokenStats::json() const {
  base::Json out = {{"rows", num_rows}, {"refused", num_refused}};
  if (num_refused > 0) out["refusal"] = refusal;
  if (max_length > 0) out.update({{"max_length", max_length}, {"above_max_length", num_above}});
  return out;
}

std::string TokenStats::text() const {
  std::string out = cat("tokens: ", num_rows, " rows measured");
  if (max_length > 0 && num_rows > 0)
    out += cat(", ", num_above, " above ", max_length, " (", base::fixed(100 * static_cast<double>(num_above) / static_cast<double>(num_rows), 1), " %)");
  if (num_refused > 0) out += cat("; ", num_refused, " not, first: ", base::printable(refusal));
  return out + "\n";
}

TokenStats token_stats(const std::vector<std::string>& files, const model::Tokenizer& tokenizer, const model::PromptFormat& format, int64_t max_length) {
  Collector collector(tokenizer, format, max_length);
  for (const auto& file : files) rewards::rows::for_each_row(file, [&](rewards::rows::FileRow& row) { collector.add(row); });
  return collector.finish();
}

}  // namespace lockstep::rl
