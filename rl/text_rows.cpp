// SPDX-License-Identifier: Apache-2.0
// Supervised rows from the synthetic corpus and from JSONL files.
#include "rl/text_rows.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "rl/chat_rows.h"

namespace lockstep::rl {
namespace {

TokenId require_eos(const model::Tokenizer& tokenizer) {
  if (const auto eos = tokenizer.eos_id()) return *eos;
  throw Error("the tokenizer has no end-of-text token", "tokenizer", "use a tokenizer that names eos_token");
}

class CorpusRows : public TextRows {
 public:
  CorpusRows(const TextSource& source, const model::Tokenizer& tokenizer, uint64_t seed)
      : source_(source), tokenizer_(tokenizer), seed_(seed), eos_(require_eos(tokenizer)) {}

  TextRow row(uint64_t index) const override {
    TextRow out;
    out.completion = tokenizer_.encode(rewards::corpus_document(source_.corpus, seed_, index));
    out.completion.push_back(eos_);
    if (static_cast<int64_t>(out.completion.size()) > source_.max_length)
      out.completion.resize(static_cast<size_t>(source_.max_length));
    return out;
  }
  uint64_t rows_per_epoch() const override { return 0; }

 private:
  TextSource source_;
  const model::Tokenizer& tokenizer_;
  uint64_t seed_;
  TokenId eos_;
};

// What a JSONL row holds, before tokens.
struct RawRow {
  std::string text;                      // plain text, or the completion
  std::vector<model::Message> prompt;    // empty: plain text
};

// One row for each assistant turn behind another message, or for the last alone: templates may show earlier turns otherwise than they were
// written (R1's drops their reasoning), so that each turn has a prompt of its own.
std::vector<RawRow> turns_of(std::vector<model::Message> messages, bool is_last_only, const std::string& where) {
  std::vector<RawRow> rows;
  for (size_t i = 1; i < messages.size(); ++i)
    if (messages[i].role == "assistant" && (!is_last_only || i + 1 == messages.size()))
      rows.push_back({messages[i].content, {messages.begin(), messages.begin() + static_cast<ptrdiff_t>(i)}});
  if (rows.empty() || messages.back().role != "assistant")
    throw Error("\"messages\" must end with an assistant turn after at least one other", where, "add the answer to train on");
  return rows;
}

std::vector<RawRow> parse_row(const base::Json& json, bool is_last_only, const std::string& where) {
  if (!json.is_object()) throw Error("the row is no JSON object", where, "write one object per line");
  if (json.contains("text")) return {{text_of(json, "text", where), {}}};
  if (json.contains("prompt") && json.contains("completion")) {
    auto messages = messages_of(json, "prompt", where);
    if (json["completion"].is_string()) return {{text_of(json, "completion", where), std::move(messages)}};
    for (auto& message : messages_of(json, "completion", where)) messages.push_back(std::move(message));
    return turns_of(std::move(messages), is_last_only, where);
  }
  if (json.contains("messages")) return turns_of(messages_of(json, "messages", where), is_last_only, where);
  throw Error("the row has neither \"text\", \"prompt\" + \"completion\" nor \"messages\"", where,
              "rename the columns to one of these forms");
}

std::vector<RawRow> read_rows(const TextSource& source) {
  std::vector<RawRow> rows;
  for (const auto& file : source.files)
    base::for_each_line(file, [&](std::string_view line, size_t number) {
      const std::string where = cat(file, ":", number);
      for (auto& row : parse_row(base::parse_json(line, where), source.assistant_turns == "last", where)) rows.push_back(std::move(row));
    });
  if (rows.empty()) throw Error("no rows to train on", base::join(source.files, ", "), "give at least one row");
  return rows;
}

class FileRows : public TextRows {
 public:
  FileRows(const TextSource& source, const model::Tokenizer& tokenizer, const model::PromptFormat& format, uint64_t seed)
      : seed_(seed) {
    const TokenId eos = require_eos(tokenizer);
    for (const auto& raw : read_rows(source)) {
      TextRow row;
      if (raw.prompt.empty()) {
        row.completion = tokenizer.encode(raw.text);
        row.completion.push_back(eos);
      } else {
        row.prompt = model::prompt_ids(tokenizer, format, raw.prompt);
        row.completion = model::completion_ids(tokenizer, format, raw.text);
      }
      cut(row, static_cast<size_t>(source.max_length));
      rows_.push_back(std::move(row));
    }
  }

  TextRow row(uint64_t index) const override {
    const uint64_t epoch = index / rows_.size();
    const std::lock_guard lock(mutex_);
    if (!order_epoch_ || *order_epoch_ != epoch) {
      order_.resize(rows_.size());
      std::iota(order_.begin(), order_.end(), size_t{0});
      base::Random(seed_, "rows", epoch).shuffle(order_);
      order_epoch_ = epoch;
    }
    return rows_[order_[index % rows_.size()]];
  }
  uint64_t rows_per_epoch() const override { return rows_.size(); }

 private:
  // The prompt keeps its end (the question), the completion its beginning.
  static void cut(TextRow& row, size_t max_length) {
    const size_t least = std::min<size_t>(row.completion.size(), std::max<size_t>(2, max_length / 2));
    if (row.prompt.size() + least > max_length)
      row.prompt.erase(row.prompt.begin(), row.prompt.end() - static_cast<ptrdiff_t>(max_length - least));
    if (row.prompt.size() + row.completion.size() > max_length) row.completion.resize(max_length - row.prompt.size());
  }

  std::vector<TextRow> rows_;
  uint64_t seed_;
  mutable std::mutex mutex_;
  mutable std::vector<size_t> order_;
  mutable std::optional<uint64_t> order_epoch_;
};

}  // namespace

std::unique_ptr<TextRows> open_text_rows(const TextSource& source,
                                         const model::Tokenizer& tokenizer,
                                         const model::PromptFormat& format,
                                         uint64_t seed) {
  if (source.files.empty()) return std::make_unique<CorpusRows>(source, tokenizer, seed);
  return std::make_unique<FileRows>(source, tokenizer, format, seed);
}

std::vector<std::string> tokenizer_documents(const TextSource& source, uint64_t seed, int64_t count) {
  std::vector<std::string> documents;
  if (source.files.empty()) {
    for (int64_t i = 0; i < count; ++i)
      documents.push_back(rewards::corpus_document(source.corpus, seed, static_cast<uint64_t>(i)));
    return documents;
  }
  for (auto& raw : read_rows(source)) {
    for (auto& message : raw.prompt) documents.push_back(std::move(message.content));
    documents.push_back(std::move(raw.text));
  }
  return documents;
}

}  // namespace lockstep::rl
