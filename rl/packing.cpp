// SPDX-License-Identifier: Apache-2.0
// Packing rows into micro-batches with shared prompts.
#include "rl/packing.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "kernels/index_tensor.h"

namespace lockstep::rl {
namespace {

int64_t row_tokens(const PackRow& row) {
  return static_cast<int64_t>(row.prompt->size() + row.completion->size()) - 1;
}

// Collects segments, prediction rows and targets of consecutive rows.
class Builder {
 public:
  void add(const PackRow& row) {
    const auto& completion = *row.completion;
    LOCKSTEP_CHECK(!completion.empty(), "a completion has at least one token");
    out_.row_offsets.push_back(next_row_);
    std::vector<TokenId> computed(completion.begin(), completion.end() - 1);  // the last token predicts nothing
    if (row.prompt->empty()) {
      predict_text(completion, computed);
    } else {
      open_prompt(row);
      target(prompt_last_, completion[0]);
      for (size_t t = 1; t < completion.size(); ++t) target(next_row_ + static_cast<int64_t>(t) - 1, completion[t]);
      if (!computed.empty()) append({std::move(computed), prompt_segment_});
    }
    out_.samples.push_back(row.sample);
    out_.sample_offsets.push_back(static_cast<int64_t>(targets_.size()));
  }

  MicroBatch finish(const at::Device& device) {
    out_.row_offsets.push_back(next_row_);
    out_.batch = model::make_batch(segments_, device);
    out_.rows = kernels::index_tensor(rows_, device);
    out_.targets = kernels::index_tensor(targets_, device);
    return std::move(out_);
  }

 private:
  void predict_text(const std::vector<TokenId>& text, std::vector<TokenId>& computed) {
    LOCKSTEP_CHECK(!computed.empty(), "a text row has at least two tokens");
    for (size_t t = 1; t < text.size(); ++t) target(next_row_ + static_cast<int64_t>(t) - 1, text[t]);
    append({std::move(computed), -1});
  }

  void open_prompt(const PackRow& row) {
    if (prompt_segment_ >= 0 && prompt_index_ == row.prompt_index) return;
    prompt_index_ = row.prompt_index;
    prompt_segment_ = static_cast<int64_t>(segments_.size());
    append({*row.prompt, -1});
    prompt_last_ = next_row_ - 1;
  }

  void append(model::Segment segment) {
    next_row_ += static_cast<int64_t>(segment.ids.size());
    segments_.push_back(std::move(segment));
  }

  void target(int64_t row, TokenId id) {
    rows_.push_back(row);
    targets_.push_back(id);
  }

  MicroBatch out_{{}, {}, {}, {}, {0}, {}};
  std::vector<model::Segment> segments_;
  std::vector<int64_t> rows_, targets_;
  int64_t next_row_ = 0, prompt_segment_ = -1, prompt_index_ = 0, prompt_last_ = 0;
};

// Where each of `count` micro-batches ends, of about equal work; nothing when their cap leaves rows over. count <= rows.
std::optional<std::vector<size_t>> cut(const std::vector<int64_t>& tokens, size_t count, int64_t max_tokens) {
  const int64_t total = std::accumulate(tokens.begin(), tokens.end(), int64_t{0});
  const double share = static_cast<double>(total) / static_cast<double>(count);
  std::vector<size_t> ends;
  size_t next = 0;
  int64_t done = 0;
  for (size_t i = 0; i < count; ++i) {
    const double end = share * static_cast<double>(i + 1);
    int64_t here = 0;
    // At least one row, and one left for each that follows; else rows whose middle lies before the end of this share.
    for (; next < tokens.size(); ++next) {
      const bool belongs = static_cast<double>(done) + static_cast<double>(tokens[next]) / 2 <= end || i + 1 == count;
      const bool is_full = here + tokens[next] > max_tokens + max_tokens / 4;
      if (here > 0 && (!belongs || is_full || tokens.size() - next < count - i)) break;
      here += tokens[next];
      done += tokens[next];
    }
    ends.push_back(next);
  }
  if (next < tokens.size()) return std::nullopt;
  return ends;
}

}  // namespace

std::vector<MicroBatch> pack(const std::vector<PackRow>& rows, const PackingOptions& options) {
  if (rows.empty()) return {};
  std::vector<int64_t> tokens;    // of each unit that is not cut
  std::vector<size_t> unit_ends;  // in rows
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool joins = options.keeps_prompts_together && i > 0 && rows[i].prompt_index == rows[i - 1].prompt_index;
    if (!joins) tokens.push_back(0), unit_ends.push_back(0);
    tokens.back() += row_tokens(rows[i]);
    unit_ends.back() = i + 1;
  }
  const int64_t total = std::accumulate(tokens.begin(), tokens.end(), int64_t{0});
  const int64_t least = (total + options.max_tokens - 1) / options.max_tokens;
  auto count = static_cast<size_t>((least + options.multiple_of - 1) / options.multiple_of * options.multiple_of);
  auto ends = cut(tokens, std::min(count, tokens.size()), options.max_tokens);
  while (!ends) {  // with one unit each they fit
    count += static_cast<size_t>(options.multiple_of);
    ends = cut(tokens, std::min(count, tokens.size()), options.max_tokens);
  }
  std::vector<MicroBatch> out;
  for (size_t next = 0; const size_t end : *ends) {
    Builder builder;
    while (next < unit_ends[end - 1]) builder.add(rows[next++]);
    out.push_back(builder.finish(options.device));
  }
  return out;
}

}  // namespace lockstep::rl
