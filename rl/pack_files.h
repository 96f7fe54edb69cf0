// SPDX-License-Identifier: Apache-2.0
// `lockstep data pack`: files of rows as chunks of token ids, with as few empty places as can be.
#pragma once

#include <cstddef>
#include <string>

#include "base/json.h"
#include "rl/text_rows.h"

namespace lockstep::rl {

struct PackReport {
  size_t max_length = 0;    // places of a chunk
  size_t num_rows = 0;      // read
  size_t num_sequences = 0; // made of them: a conversation is one for each answer that is trained on
  size_t num_truncated = 0, num_cut_tokens = 0;       // sequences above max_length, and what they lost
  size_t num_dropped = 0, num_dropped_tokens = 0;     // those that went instead
  size_t num_packed = 0;    // sequences that were written
  size_t num_tokens = 0;    // of them
  size_t num_trained = 0;   // tokens of completions among them
  size_t num_chunks = 0;    // written
  size_t num_first_fit = 0; // chunks that First-Fit in the rows' order would have made

  // Share of empty places: of `count` rows of max_length places each.
  double waste(size_t count) const;
  base::Json json() const;
  std::string text() const;
};

// Packs the source's files as best_fit_decreasing does into rows of at most source.max_length ids (packed_rows.h). Sequences that are
// longer are cut as in training (cut_row), or dropped. The bytes depend on the rows and options alone. Ids lie in a scratch file beside
// `output`, 4 bytes a token; in memory are one row and about 60 bytes a sequence. Error: as open_text_rows; nothing is left to write.
PackReport pack_files(const TextSource& source,
                      const model::Tokenizer& tokenizer,
                      const model::PromptFormat& format,
                      bool drops_long,
                      const std::string& output);

}  // namespace lockstep::rl
