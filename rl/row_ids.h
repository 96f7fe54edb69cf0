// SPDX-License-Identifier: Apache-2.0
// Files of rows as token ids: texts behind their prompts under a format, or ids that were made before.
#pragma once

#include <functional>

#include "rl/text_rows.h"

namespace lockstep::rl {

// What of a row is trained on, before tokens.
struct RawRow {
  std::string text;                    // plain text, or the completion
  std::vector<model::Message> prompt;  // empty: plain text
};

// Every text of the source's files, in order; of a conversation one row for each answer that is trained on. Error at file:line: a row
// of another shape or without a completion, one that holds ids; where the files are: no rows at all.
void for_each_raw_row(const TextSource& source, const std::function<void(RawRow row)>& row);

// The same as ids, uncut, and the sequences of packed rows (rl/packed_rows.h). Returns how many rows the files have.
size_t for_each_text_row(const TextSource& source,
                         const model::Tokenizer& tokenizer,
                         const model::PromptFormat& format,
                         const std::function<void(TextRow row)>& row);

// A row of at most `max_length` tokens: the prompt keeps its end (the question), the completion its beginning.
void cut_row(TextRow& row, size_t max_length);

model::TokenId require_eos(const model::Tokenizer& tokenizer);  // Error: the tokenizer has none

}  // namespace lockstep::rl
