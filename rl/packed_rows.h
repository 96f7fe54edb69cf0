// SPDX-License-Identifier: Apache-2.0
// Rows of several sequences as ids, in the columns of TRL's packed data sets.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "rl/text_rows.h"

namespace lockstep::rl {

// {"input_ids", "seq_lengths", "completion_mask"}: the sequences one behind the other, the length of each, and 1 for what is trained on.
// Positions begin again with each sequence (TRL 1.16 makes its position ids of seq_lengths), and none sees another. Within a
// sequence zeros (the prompt) stand before ones (the completion); plain text is all ones.
base::Json packed_row(std::span<const TextRow> sequences);

bool is_packed(const base::Json& row);  // it has "input_ids"

// The sequences of a row. Without seq_lengths the row is one; what is trained on is said by completion_mask, else by "labels" (TRL's
// own: the id, or -100), else it is everything. Error at `where`: a column that is no list of numbers or has another
// length, an id that is not in 0 .. vocab_size - 1, lengths that do not add up, a prompt behind its completion, a sequence without a completion.
std::vector<TextRow> read_packed(const base::Json& row, int64_t vocab_size, const std::string& where);

}  // namespace lockstep::rl
