// SPDX-License-Identifier: Apache-2.0
// Supervised rows from the synthetic corpus and from files of rows.
#include "rl/text_rows.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "rewards/rows/example.h"
#include "rewards/rows/row_file.h"
#include "rewards/tasks/task.h"

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

// Problems of a task with their answers; those of the eval split never occur.
class TaskRows : public TextRows {
 public:
  TaskRows(const TextSource& source, const model::Tokenizer& tokenizer, const model::PromptFormat& format, uint64_t seed)
      : task_(source.task, source.task_parameters), source_(source), tokenizer_(tokenizer), format_(format), seed_(seed) {
    require_eos(tokenizer);
  }

  TextRow row(uint64_t index) const override {
    const base::Json json = task_.make(seed_, rewards::Split::train, index);
    TextRow out;
    out.prompt = model::prompt_ids(tokenizer_, format_, turns(json.at("prompt")));
    out.completion = model::completion_ids(tokenizer_, format_, cat(separator(), json.at("answer").get<std::string>()));
    const auto room = static_cast<size_t>(source_.max_length);
    if (out.prompt.size() + out.completion.size() > room)
      throw Error(cat("a solved problem has ", out.prompt.size() + out.completion.size(), " tokens, max_length is ", room),
                  cat("task ", task_.name(), ", row ", index), "raise data.max_length, or narrow data.task_parameters");
    if (source_.trained == "answer") return out;
    out.prompt.insert(out.prompt.end(), out.completion.begin(), out.completion.end());
    return {{}, std::move(out.prompt)};
  }
  uint64_t rows_per_epoch() const override { return 0; }

  static std::string document(const base::Json& row) {
    std::string text;
    for (const auto& turn : turns(row.at("prompt"))) text += turn.content;
    return cat(text, " ", row.at("answer").get<std::string>());
  }

 private:
  static std::vector<model::Message> turns(const base::Json& prompt) {
    if (prompt.is_string()) return {{"user", prompt.get<std::string>()}};
    std::vector<model::Message> out;
    for (const auto& turn : prompt) out.push_back({turn.at("role").get<std::string>(), turn.at("content").get<std::string>()});
    return out;
  }
  // A template ends the question itself; plain text is continued behind a space, as the corpus does it.
  const char* separator() const { return format_.name == "raw" ? " " : ""; }

  rewards::Task task_;
  TextSource source_;
  const model::Tokenizer& tokenizer_;
  model::PromptFormat format_;
  uint64_t seed_;
};

// What a row holds, before tokens.
struct RawRow {
  std::string text;                      // plain text, or the completion
  std::vector<model::Message> prompt;    // empty: plain text
};

bool is_conversation(rewards::rows::Shape shape) {
  return shape == rewards::rows::Shape::messages || shape == rewards::rows::Shape::sharegpt;
}

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
  if (before.empty() && example.shape != rewards::rows::Shape::text)
    throw Error("the row has an answer but no question", where, "put at least one other turn before the assistant's");
  rows.push_back({std::move(*example.completion), std::move(before)});
  return rows;
}

std::vector<RawRow> read_rows(const TextSource& source) {
  std::vector<RawRow> rows;
  for (const auto& file : source.files)
    rewards::rows::for_each_row(file, [&](rewards::rows::FileRow& row) {
      for (auto& raw : parse_row(std::move(row.json), source.assistant_turns == "last", row.where)) rows.push_back(std::move(raw));
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
  if (!source.task.empty() && !source.files.empty())
    throw Error(cat("both the task ", source.task, " and files are named"), "data/task", "keep one of them");
  if (!source.task.empty()) return std::make_unique<TaskRows>(source, tokenizer, format, seed);
  if (source.files.empty()) return std::make_unique<CorpusRows>(source, tokenizer, seed);
  return std::make_unique<FileRows>(source, tokenizer, format, seed);
}

std::vector<std::string> tokenizer_documents(const TextSource& source, uint64_t seed, int64_t count) {
  std::vector<std::string> documents;
  if (!source.task.empty()) {
    const rewards::Task task(source.task, source.task_parameters);
    for (int64_t i = 0; i < count; ++i)
      documents.push_back(TaskRows::document(task.make(seed, rewards::Split::train, static_cast<uint64_t>(i))));
    return documents;
  }
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
