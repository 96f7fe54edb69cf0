// SPDX-License-Identifier: Apache-2.0
// Guesses at the tokens that will be drawn next. A draft is kept exactly when it is the token that the noise picks anyway
// (noise-coupled speculation), so guesses decide how fast completions are drawn and never what they are.
#pragma once

#include "kernels/tensor.h"
#include "rollout/scheduler.h"

namespace lockstep::rollout {

class Drafter {
 public:
  virtual ~Drafter() = default;
  // After the draws of a step and before it is settled: writes the drafts of the samples that drew and go on. `hidden` are
  // the step's states, [N, D], chunk after chunk.
  virtual void propose(const Step& step, const Tensor& hidden) = 0;
  // In place of propose for a step after which nothing is to be guessed.
  virtual void skip(const Step& step) = 0;
  // A sample is about to hand over its tokens.
  virtual void finish(const PromptGroup& group, const Sample& sample) = 0;
};

}  // namespace lockstep::rollout
