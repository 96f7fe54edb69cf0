// SPDX-License-Identifier: Apache-2.0
// Prompts with their dataset rows: what the engine continues and what the rewards compare with.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/chat_template.h"
#include "rl/run_config.h"
#include "rollout/engine.h"

namespace lockstep::rl {

struct Prompt {
  uint64_t id = 0;             // place in the stream: keys the sampling noise
  base::Json row;              // dataset row: "prompt", "answer", other columns
  std::string text;            // the prompt as a person reads it
  std::vector<TokenId> ids;    // as the model reads it
};

// An endless stream of prompts as a pure function of the index; files go round, each epoch in an order of its own.
class PromptSet {
 public:
  // Error when neither a task nor a file is given, and those of the task and the file.
  PromptSet(const PromptSource& source, bool is_eval, const PromptConfig& format, const model::Tokenizer& tokenizer, uint64_t seed);
  ~PromptSet();
  Prompt prompt(uint64_t index) const;
  std::vector<Prompt> slice(uint64_t begin, int64_t count) const;
  uint64_t size() const;  // rows of the file, 0 for a task
  const std::vector<TokenId>& stop_ids() const;
  const model::Tokenizer& tokenizer() const;
  const std::string& prefill() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::vector<rollout::Request> to_requests(const std::vector<Prompt>& prompts, int num_samples, const PromptSet& set);

}  // namespace lockstep::rl
