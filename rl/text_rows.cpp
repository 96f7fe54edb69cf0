// SPDX-License-Identifier: Apache-2.0
// Supervised rows from the synthetic corpus and from files of rows.
#include "rl/text_rows.h"

#include <mutex>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "rewards/tasks/task.h"
#include "rl/row_ids.h"

namespace lockstep::rl {
namespace {

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

class FileRows : public TextRows {
 public:
  FileRows(const TextSource& source, const model::Tokenizer& tokenizer, const model::PromptFormat& format, uint64_t seed)
      : seed_(seed) {
    require_eos(tokenizer);  // also where every row is a conversation, as it always was
    for_each_text_row(source, tokenizer, format, [&](TextRow row) {
      cut_row(row, static_cast<size_t>(source.max_length));
      rows_.push_back(std::move(row));
    });
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
  for_each_raw_row(source, [&](RawRow raw) {
    for (auto& message : raw.prompt) documents.push_back(std::move(message.content));
    documents.push_back(std::move(raw.text));
  });
  return documents;
}

}  // namespace lockstep::rl
