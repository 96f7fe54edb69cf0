// SPDX-License-Identifier: Apache-2.0
// A trained reward model as a reward of reinforcement learning (InstructGPT, arXiv:2203.02155; DeepSeek-R1's preference rewards).
#pragma once

#include <optional>
#include <string>

#include "base/config.h"
#include "model/tokenizer.h"
#include "rewards/registry.h"
#include "rl/stage_config.h"

namespace lockstep::rl {

struct RewardModelOptions {
  std::string model, dtype = "float32", device = "cpu";
  std::optional<PromptConfig> prompt;
  std::string normalize = "none";
  double clip = 0;
  int64_t max_tokens = 4096;
  void visit(auto&& field) {
    field("model", model, "folder of the reward model: ...ForSequenceClassification with one label");
    field("dtype", dtype, "storage and compute type; the score itself is f32", base::one_of({"float32", "bfloat16"}));
    field("device", device, "cpu or cuda", base::one_of({"cpu", "cuda"}));
    field("prompt", prompt,
          "the reward model's own prompt format: texts are written out and tokenised anew. Absent: the policy's very token ids are scored, "
          "for which the vocabularies must be the same");
    field("normalize", normalize,
          "batch: less the mean, over the standard deviation of the prompt's completions; sigmoid: into (0, 1)",
          base::one_of({"none", "batch", "sigmoid"}));
    field("clip", clip, "the largest absolute value, after normalising; 0: none", base::at_least(0));
    field("max_tokens", max_tokens, "tokens that are scored at once", base::at_least(16));
  }
};

// The type `reward_model` for rewards/registry.h. `policy`: the tokenizer of the ids in samples, which outlives the reward; null: samples
// have texts alone, and without the option `prompt` they are written out as raw text.
// A score is the model's at the last token of prompt and completion: of an ended completion its end token, of a cut one its last word.
// The completions of a prompt are scored together, on the thread that has the group, while the engine draws others; the bits depend on
// the sequence alone. Scores without a prompt's text or more tokens than the model has positions are errors of their samples.
// Errors when made: no folder, no reward model, a folder without tokenizer, a vocabulary that is not the policy's.
rewards::RewardType reward_model_type(const model::Tokenizer* policy);

}  // namespace lockstep::rl
