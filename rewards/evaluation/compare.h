// SPDX-License-Identifier: Apache-2.0
// Two models on the same prompts: the difference of pass@1 with its interval, prompt by prompt.
#pragma once

#include <cstdint>

#include "base/json.h"
#include "rewards/evaluation/measure.h"
#include "rewards/evaluation/sample_file.h"

namespace lockstep::rewards::evaluation {

struct Comparison {
  int64_t num_prompts = 0;               // that both files have
  int64_t num_only_a = 0, num_only_b = 0;  // that one of them lacks; they count nowhere
  Estimate a, b;                         // pass@1 over the common prompts
  Estimate difference;                   // mean over prompts of pass@1(B) - pass@1(A)
  int64_t wins = 0, losses = 0, ties = 0;  // prompts that B solves more often than A, less often, as often
  // The interval of the difference leaves out 0.
  bool is_significant() const;
  base::Json to_json() const;
};

// The bootstrap is paired: a resample draws prompts, and both models' samples go with them, so that what makes a prompt hard for both
// cancels. By symmetry compare(b, a) has the negated difference; a file compared with itself has difference 0 and interval [0, 0].
// Error: no prompt in common, a prompt of another text.
Comparison compare(const SampleFile& a, const SampleFile& b, const BootstrapConfig& config);

}  // namespace lockstep::rewards::evaluation
