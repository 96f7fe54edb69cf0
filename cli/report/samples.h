// SPDX-License-Identifier: Apache-2.0
// A bounded choice of the completions that a run stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace lockstep::cli::report {

struct SampleLimits {
  size_t max_bytes = 1'500'000;  // of text in all
  size_t max_steps = 120;
  size_t per_step = 16;  // fewer, but at least 4, where texts are so long that few steps would fit
  size_t max_text_bytes = 12'000;  // of one completion; beginning and end of longer ones
  size_t max_prompt_bytes = 4'000;
};

// N of each step_N.jsonl in the folder, ascending; empty when there is none.
std::vector<int64_t> stored_steps(const std::string& folder);

// Chosen by position alone, nothing that would flatter: steps spread evenly, the last and the first among them; of a step its
// first rows (a group begins there) and rows spread evenly over the rest. Texts are repaired to UTF-8 and bounded.
// {"parts": names of the rewards, "prompts": texts, "steps": [{"step", "shown", "total"}], "num_steps": stored steps,
//  "rows": [{"step", "line", "prompt": index, "completion": text or [beginning, bytes left out, end], "reward", "advantage", "tokens", "finish",
//            "parts": [number or status, null when absent], "extras": {name: text}}]}
// "step" is the step as metrics.jsonl counts it: the completions of step_N are those that step N + 1 learnt from.
base::Json read_samples(const std::string& folder, const SampleLimits& limits);
// The same of one stored step.
base::Json read_step_samples(const std::string& folder, int64_t stored_step, const SampleLimits& limits);

}  // namespace lockstep::cli::report
