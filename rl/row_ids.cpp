// SPDX-License-Identifier: Apache-2.0
// Shapes of rows to texts, texts to ids.
#include "rl/row_ids.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rewards/rows/example.h"
#include "rewards/rows/row_file.h"
#include "rl/packed_rows.h"

namespace lockstep::rl {
namespace {

using rewards::rows::FileRow;
using rewards::rows::Shape;

bool is_conversation(Shape shape) { return shape == Shape::messages || shape == Shape::sharegpt; }

// The row's completion behind its prompt; of a conversation also every earlier answer behind what stands before it: templates may show
// earlier turns otherwise than they were written (R1's drops their reasoning), so that each answer has a prompt of its own.
std::vector<RawRow> parse_row(base::Json json, bool is_last_only, const std::string& where) {
  if (json.contains("text")) json = {{"text", json["text"]}};  // a document, whatever else the row has
  rewards::rows::Example example = rewards::rows::read_example(std::move(json), where);
  if (!example.completion || example.completion->empty())
    throw Error("the row has no completion to train on", where, "give \"text\", \"prompt\" + \"completion\", or messages that end with the assistant");
  std::vector<RawRow> rows;
  std::vector<model::Message> before;
  for (auto& turn : example.prompt) {
    if (turn.content.empty()) throw Error("a message has no content", where, "give it as text");
    const bool is_answer = is_conversation(example.shape) && !is_last_only && turn.role == "assistant" && !before.empty();
    if (is_answer) rows.push_back({turn.content, before});
    before.push_back({std::move(turn.role), std::move(turn.content)});
  }
  if (before.empty() && example.shape != Shape::text)
    throw Error("the row has an answer but no question", where, "put at least one other turn before the assistant's");
  rows.push_back({std::move(*example.completion), std::move(before)});
  return rows;
}

TextRow ids_of(const RawRow& raw, const model::Tokenizer& tokenizer, const model::PromptFormat& format) {
  TextRow row;
  if (raw.prompt.empty()) {
    row.completion = tokenizer.encode(raw.text);
    row.completion.push_back(require_eos(tokenizer));
  } else {
    row.prompt = model::prompt_ids(tokenizer, format, raw.prompt);
    row.completion = model::completion_ids(tokenizer, format, raw.text);
  }
  return row;
}

size_t for_each_file_row(const TextSource& source, const std::function<void(FileRow& row)>& row) {
  size_t count = 0;
  for (const auto& file : source.files)
    rewards::rows::for_each_row(file, [&](FileRow& file_row) { row(file_row), ++count; });
  if (count == 0) throw Error("no rows to train on", base::join(source.files, ", "), "give at least one row");
  return count;
}

}  // namespace

model::TokenId require_eos(const model::Tokenizer& tokenizer) {
  if (const auto eos = tokenizer.eos_id()) return *eos;
  throw Error("the tokenizer has no end-of-text token", "tokenizer", "use a tokenizer that names eos_token");
}

void for_each_raw_row(const TextSource& source, const std::function<void(RawRow row)>& row) {
  for_each_file_row(source, [&](FileRow& file_row) {
    if (is_packed(file_row.json)) throw Error("the row holds token ids, not text", file_row.where, "give the rows that it was made of");
    for (auto& raw : parse_row(std::move(file_row.json), source.assistant_turns == "last", file_row.where)) row(std::move(raw));
  });
}

size_t for_each_text_row(const TextSource& source,
                         const model::Tokenizer& tokenizer,
                         const model::PromptFormat& format,
                         const std::function<void(TextRow row)>& row) {
  return for_each_file_row(source, [&](FileRow& file_row) {
    if (is_packed(file_row.json)) {
      for (auto& sequence : read_packed(file_row.json, tokenizer.vocab_size(), file_row.where)) row(std::move(sequence));
      return;
    }
    for (const auto& raw : parse_row(std::move(file_row.json), source.assistant_turns == "last", file_row.where))
      row(ids_of(raw, tokenizer, format));
  });
}

void cut_row(TextRow& row, size_t max_length) {
  const size_t least = std::min<size_t>(row.completion.size(), std::max<size_t>(2, max_length / 2));
  if (row.prompt.size() + least > max_length)
    row.prompt.erase(row.prompt.begin(), row.prompt.end() - static_cast<ptrdiff_t>(max_length - least));
  if (row.prompt.size() + row.completion.size() > max_length) row.completion.resize(max_length - row.prompt.size());
}

}  // namespace lockstep::rl
