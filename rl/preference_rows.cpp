// SPDX-License-Identifier: Apache-2.0
// Pairs from JSON lines.
#include "rl/preference_rows.h"

#include "base/error.h"
#include "base/text.h"
#include "rewards/rows/row_file.h"
#include "rl/chat_rows.h"

namespace lockstep::rl {
namespace {

using model::TokenId;

// Text, or TRL's list of one assistant message.
std::string answer_of(const base::Json& row, const std::string& key, const std::string& where) {
  if (row.contains(key) && row[key].is_string()) return text_of(row, key, where);
  const auto messages = messages_of(row, key, where);
  if (messages.size() != 1 || messages[0].role != "assistant")
    throw Error(cat("\"", key, "\" is not one assistant message"), where, "give text, or a list of one {\"role\": \"assistant\", \"content\"}");
  return messages[0].content;
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
      const auto chosen = answer_of(row.json, "chosen", row.where), rejected = answer_of(row.json, "rejected", row.where);
      if (chosen == rejected) throw Error("chosen and rejected are the same", row.where, "leave the row out: it prefers nothing");
      PreferencePair pair{model::prompt_ids(tokenizer, format, messages_of(row.json, "prompt", row.where)),
                          model::completion_ids(tokenizer, format, chosen), model::completion_ids(tokenizer, format, rejected)};
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
