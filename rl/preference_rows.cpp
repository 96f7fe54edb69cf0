// SPDX-License-Identifier: Apache-2.0
// Pairs from JSON lines.
#include "rl/preference_rows.h"

#include <algorithm>
#include <cmath>

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

double margin_of(const base::Json& row, const std::string& where) {
  const auto margin = row.find("margin");
  if (margin == row.end() || margin->is_null()) return 0;
  const double value = margin->is_number() ? margin->get<double>() : std::nan("");
  if (!std::isfinite(value))
    throw Error(cat("the margin is ", base::printable(margin->dump().substr(0, 80)), ", not a finite number"), where,
                "write by how much the reward of chosen is to be above that of rejected, or leave the column out");
  return value;
}

PreferencePair read_pair(const rewards::rows::FileRow& row, const model::Tokenizer& tokenizer, const model::PromptFormat& format) {
  const auto chosen = side_of(row.json, "chosen", row.where), rejected = side_of(row.json, "rejected", row.where);
  if (chosen.completion == rejected.completion)
    throw Error("chosen and rejected are the same", row.where, "leave the row out: it prefers nothing");
  if (rewards::rows::prompt_text(chosen) != rewards::rows::prompt_text(rejected))
    throw Error("chosen and rejected have several turns that differ", row.where, "put all turns but the last answer into the prompt");
  return {model::prompt_ids(tokenizer, format, messages_of(chosen)), model::completion_ids(tokenizer, format, *chosen.completion),
          model::completion_ids(tokenizer, format, *rejected.completion)};
}

std::vector<PreferencePair> read_pairs(const PreferenceSource& source, const model::Tokenizer& tokenizer, const model::PromptFormat& format,
                                       PairsFor use, size_t& num_too_long) {
  std::vector<PreferencePair> pairs;
  const auto most = static_cast<size_t>(source.max_length);
  for (const auto& file : source.files)
    rewards::rows::for_each_row(file, [&](rewards::rows::FileRow& row) {
      auto pair = read_pair(row, tokenizer, format);
      if (use == PairsFor::reward_model) {
        pair.margin = margin_of(row.json, row.where);
        if (pair.prompt.size() + std::max(pair.chosen.size(), pair.rejected.size()) > most) {
          ++num_too_long;
          return;
        }
      } else {
        cut(pair, most);
      }
      pairs.push_back(std::move(pair));
    });
  const std::string where = base::join(source.files, ", ");
  if (pairs.empty() && num_too_long > 0)
    throw Error(cat("all ", num_too_long, " pairs have more than max_length = ", most, " tokens"), where, "raise max_length");
  if (pairs.empty()) throw Error("no pairs to train on", where, "give at least one row {prompt, chosen, rejected}");
  return pairs;
}

}  // namespace

PreferenceRows::PreferenceRows(const PreferenceSource& source, const model::Tokenizer& tokenizer, const model::PromptFormat& format,
                               uint64_t seed, PairsFor use)
    : pairs_(read_pairs(source, tokenizer, format, use, num_too_long_)), order_(pairs_.size(), seed) {}

const PreferencePair& PreferenceRows::pair(uint64_t index) { return pairs_[order_.row_at(index)]; }

}  // namespace lockstep::rl
