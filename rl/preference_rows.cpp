// SPDX-License-Identifier: Apache-2.0
// Pairs from JSON lines.
#include "rl/preference_rows.h"

#include "base/error.h"
#include "base/text.h"
#include "rewards/rows/example.h"
#include "rewards/rows/row_file.h"

namespace lockstep::rl {
namespace {

using model::TokenId;

// The row as prompt and completion, the one under `key`: whatever shape of text or messages other rows may have, pairs may have too.
rewards::rows::Example side_of(const base::Json& row, const char* key, const std::string& where) {
  if (!row.contains("prompt") || !row.contains(key))
    throw Error(cat("the row has no \"", row.contains("prompt") ? key : "prompt", "\""), where, "give rows {prompt, chosen, rejected}");
  auto example = rewards::rows::read_example({{"prompt", row["prompt"]}, {"completion", row[key]}}, where);
  if (!example.completion || example.completion->empty()) throw Error(cat("\"", key, "\" is empty"), where, "give text, or one assistant message");
  return example;
}

std::vector<model::Message> messages_of(const rewards::rows::Example& example) {
  std::vector<model::Message> out;
  for (const auto& turn : example.prompt) out.push_back({turn.role, turn.content});
  return out;
}

// The prompt keeps its end, completions their beginning.
void cut(PreferencePair& pair, size_t max_length) {
  const size_t most = std::max<size_t>(1, max_length / 2);
  if (pair.prompt.size() > most) pair.prompt.erase(pair.prompt.begin(), pair.prompt.end() - static_cast<ptrdiff_t>(most));
  for (auto* side : {&pair.chosen, &pair.rejected})
    if (pair.prompt.size() + side->size() > max_length) side->resize(max_length - pair.prompt.size());
}

std::vector<PreferencePair> read_pairs(const PreferenceSource& source, const model::Tokenizer& tokenizer, const model::PromptFormat& format) {
  std::vector<PreferencePair> pairs;
  for (const auto& file : source.files)
    rewards::rows::for_each_row(file, [&](rewards::rows::FileRow& row) {
      const auto chosen = side_of(row.json, "chosen", row.where), rejected = side_of(row.json, "rejected", row.where);
      if (chosen.completion == rejected.completion)
        throw Error("chosen and rejected are the same", row.where, "leave the row out: it prefers nothing");
      if (rewards::rows::prompt_text(chosen) != rewards::rows::prompt_text(rejected))
        throw Error("chosen and rejected have several turns that differ", row.where, "put all turns but the last answer into the prompt");
      PreferencePair pair{model::prompt_ids(tokenizer, format, messages_of(chosen)), model::completion_ids(tokenizer, format, *chosen.completion),
                          model::completion_ids(tokenizer, format, *rejected.completion)};
      cut(pair, static_cast<size_t>(source.max_length));
      pairs.push_back(std::move(pair));
    });
  if (pairs.empty()) throw Error("no pairs to train on", base::join(source.files, ", "), "give at least one row {prompt, chosen, rejected}");
  return pairs;
}

}  // namespace

PreferenceRows::PreferenceRows(const PreferenceSource& source, const model::Tokenizer& tokenizer, const model::PromptFormat& format,
                               uint64_t seed)
    : pairs_(read_pairs(source, tokenizer, format)), order_(pairs_.size(), seed) {}

const PreferencePair& PreferenceRows::pair(uint64_t index) { return pairs_[order_.row_at(index)]; }

}  // namespace lockstep::rl
