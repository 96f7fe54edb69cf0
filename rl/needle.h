// SPDX-License-Identifier: Apache-2.0
// The needle-in-a-haystack test: does the model find a pass key at every depth of prompts of every length?
#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"
#include "rl/run_config.h"
#include "rollout/engine.h"

namespace lockstep::rl {

struct NeedleOptions {
  std::vector<int64_t> lengths;  // tokens of a prompt with its answer, at most; a prompt comes within 1 % of it, or 4 tokens
  std::vector<double> depths;    // share of the filler before the needle, 0 to 1
  int num_trials = 10;           // prompts of a cell, each with filler and key of its own
  int64_t digits = 5;            // of the key
  bool is_dialogue = false;      // rewards/tasks: the terse form for tiny models, or plain English
  PromptConfig format;
  uint64_t seed = 0;
};

struct NeedleGrid {
  std::vector<std::vector<double>> score;  // [depths][lengths], share of right answers
  std::vector<double> prompt_tokens;       // [lengths], mean
  double mean() const;
  std::vector<double> by_length() const;   // mean over depths
};

// Tokens that an answer may have: the key's digits and what a model says before them.
int64_t needle_answer_tokens(int64_t digits);

// Greedy. An answer is right when the first number in it is the key. Keys are of the task's eval split: a model that was trained on the
// task `needle` has never seen one. Error: a length below what the needle and the question alone need.
NeedleGrid run_needle(rollout::Engine& engine, const model::Tokenizer& tokenizer, const NeedleOptions& options);

}  // namespace lockstep::rl
