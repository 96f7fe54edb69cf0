// SPDX-License-Identifier: Apache-2.0
// Prompt streams from tasks and files.
#include "rl/prompts.h"

#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "rewards/dataset.h"
#include "rewards/tasks/task.h"

namespace lockstep::rl {

struct PromptSet::Impl {
  Impl(const model::Tokenizer& t, model::PromptFormat f, bool eval, uint64_t s)
      : tokenizer(t), format(std::move(f)), is_eval(eval), seed(s) {}

  base::Json row(uint64_t index) {
    if (task) return task->make(seed, is_eval ? rewards::Split::eval : rewards::Split::train, index);
    const std::lock_guard lock(order_mutex);
    return dataset->row(order->row_at(index));
  }

  const model::Tokenizer& tokenizer;
  model::PromptFormat format;
  bool is_eval;
  uint64_t seed;
  std::optional<rewards::Task> task;
  std::optional<rewards::Dataset> dataset;
  std::optional<rewards::RowOrder> order;  // of the dataset; evaluation keeps the file's order
  std::mutex order_mutex;
  std::vector<TokenId> stop;
};

namespace {

std::vector<model::Message> messages_of(const base::Json& prompt) {
  if (prompt.is_string()) return {{"user", prompt.get<std::string>()}};
  std::vector<model::Message> out;
  for (const auto& m : prompt) out.push_back({m.at("role").get<std::string>(), m.at("content").get<std::string>()});
  return out;
}

std::string readable(const std::vector<model::Message>& messages) {
  if (messages.size() == 1) return messages[0].content;
  std::string out;
  for (const auto& m : messages) out += cat(out.empty() ? "" : "\n", m.role, ": ", m.content);
  return out;
}

}  // namespace

PromptSet::PromptSet(const PromptSource& source,
                     bool is_eval,
                     const PromptConfig& format,
                     const model::Tokenizer& tokenizer,
                     uint64_t seed)
    : impl_(std::make_unique<Impl>(tokenizer, format.to_format(), is_eval, seed)) {
  if (!source.task.empty()) {
    impl_->task.emplace(source.task, source.task_parameters);
  } else if (!source.file.empty()) {
    impl_->dataset = rewards::Dataset::load(source.file);
    impl_->order.emplace(impl_->dataset->size(), seed, /*is_shuffled=*/!is_eval);
  } else {
    throw Error("no prompts are named", is_eval ? "/eval/data" : "/grpo/data", "set \"task\" or \"file\"");
  }
  impl_->stop = model::stop_ids(tokenizer, impl_->format);
}

PromptSet::~PromptSet() = default;

Prompt PromptSet::prompt(uint64_t index) const {
  Prompt out;
  out.id = index;
  out.row = impl_->row(index);
  const auto messages = messages_of(out.row.at("prompt"));
  out.text = readable(messages);
  out.ids = model::prompt_ids(impl_->tokenizer, impl_->format, messages);
  return out;
}

std::vector<Prompt> PromptSet::slice(uint64_t begin, int64_t count) const {
  std::vector<Prompt> out;
  for (int64_t i = 0; i < count; ++i) out.push_back(prompt(begin + static_cast<uint64_t>(i)));
  return out;
}

uint64_t PromptSet::size() const { return impl_->dataset ? impl_->dataset->size() : 0; }
const std::vector<TokenId>& PromptSet::stop_ids() const { return impl_->stop; }
const model::Tokenizer& PromptSet::tokenizer() const { return impl_->tokenizer; }
const std::string& PromptSet::prefill() const { return impl_->format.prefill; }

std::vector<rollout::Request> to_requests(const std::vector<Prompt>& prompts, int num_samples, const PromptSet& set) {
  std::vector<rollout::Request> out;
  for (const auto& p : prompts) out.push_back({p.id, p.ids, num_samples, set.stop_ids()});
  return out;
}

}  // namespace lockstep::rl
