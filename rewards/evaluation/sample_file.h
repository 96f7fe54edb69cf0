// SPDX-License-Identifier: Apache-2.0
// The samples of an evaluation as JSON lines: what `lockstep eval --samples-out` writes and `lockstep eval compare` reads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "rewards/evaluation/measure.h"

namespace lockstep::rewards::evaluation {

// One row is one sample:
//   {"source": "chain_sum", "prompt_id": 0, "sample": 0, "prompt": "..", "completion": "..", "answer": gold, "extracted": "12",
//    "is_right": true, "reward": 1.5, "rewards": {"accuracy": 1.0, "format": "skip"}, "num_tokens": 31, "finish_reason": "eos",
//    "difficulty": 5, "task": "chain_sum"}
// "is_right" is null for the samples of a prompt that the accuracy reward skipped. Only source, prompt_id, sample, prompt, is_right and
// extracted are read back.
struct SamplePrompt {
  std::string prompt;  // its text, by which two files are known to ask the same
  PromptResult result;
};

// Prompts by (source, prompt_id); samples in the order of "sample". Error (file:line): a row without one of these columns or with one of
// another kind, a sample that occurs twice, two texts of one prompt; a file without a row that was judged. Skipped prompts are left out.
using SampleFile = std::map<std::pair<std::string, int64_t>, SamplePrompt>;
SampleFile read_sample_file(const std::string& path);

}  // namespace lockstep::rewards::evaluation
