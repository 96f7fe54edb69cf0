// SPDX-License-Identifier: Apache-2.0
// Rows for pre-training and supervised fine-tuning: a pure function from an index to token ids, so that resuming needs
// nothing but a counter.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/config.h"
#include "model/chat_template.h"
#include "rewards/tasks/corpus.h"

namespace lockstep::rl {

using model::TokenId;

struct TextRow {
  std::vector<TokenId> prompt;      // not trained on; empty for plain text
  std::vector<TokenId> completion;  // trained on; plain text: all but the first token
};

class TextRows {
 public:
  virtual ~TextRows() = default;
  // Row `index` of an endless stream; finite sources go round, each epoch in an order of its own.
  virtual TextRow row(uint64_t index) const = 0;
  virtual uint64_t rows_per_epoch() const = 0;  // 0: endless
};

struct TextSource {
  rewards::CorpusOptions corpus;    // used when `files` and `task` are empty
  std::vector<std::string> files;   // .jsonl, .json, .parquet: rows of any shape (rewards/rows/example.h), or packed (rl/packed_rows.h)
  std::string task;                 // train split of a built-in task: its prompt, a space and the gold answer
  base::Json task_parameters = base::Json::object();
  std::string trained = "answer";
  std::string assistant_turns = "all";
  int64_t max_length = 2048;        // longer rows are cut off at the end
  void visit(auto&& field) {
    field("corpus", corpus, "the synthetic corpus, used when neither files nor a task are given");
    field("files", files, "JSONL or Parquet files with rows {text}, {prompt, completion}, {messages}, alpaca, ShareGPT, or ids that `lockstep data pack` made");
    field("task", task, "a built-in task, solved: its prompt, and behind a space its gold answer; see `lockstep data tasks`");
    field("task_parameters", task_parameters, "parameters of the task");
    field("trained", trained, "of a task: train on the answer alone, or on all of the text", base::one_of({"answer", "all"}));
    field("assistant_turns", assistant_turns, "of a conversation, the answers to train on: all, or the last alone", base::one_of({"all", "last"}));
    field("max_length", max_length, "tokens of a row at most; the rest is cut off", base::at_least(2));
  }
};

// Rows of the source under `tokenizer`; every text ends with eos. A file without usable rows, a row of another shape
// (file:line) and a tokenizer without eos are Errors.
std::unique_ptr<TextRows> open_text_rows(const TextSource& source,
                                         const model::Tokenizer& tokenizer,
                                         const model::PromptFormat& format,
                                         uint64_t seed);

// The raw documents that a tokenizer is trained on: `count` of the corpus, or every text of the files.
std::vector<std::string> tokenizer_documents(const TextSource& source, uint64_t seed, int64_t count);

}  // namespace lockstep::rl
