// SPDX-License-Identifier: Apache-2.0
// One line of a file of samples: a completion with the prompt and the columns that rewards read.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "rewards/reward.h"

namespace lockstep::rewards::tools {

// Owns what its Sample points to; keep it where it is while the Sample lives.
struct SampleRow {
  std::string prompt, completion;
  base::Json columns;
  std::vector<int32_t> ids;
  bool is_terminated = true;
  int64_t num_tokens = 0;

  Sample sample() const {
    return {.prompt = prompt, .completion = completion, .columns = &columns, .is_terminated = is_terminated,
            .num_tokens = num_tokens, .ids = ids};
  }
};

// {"completion": text or messages, any columns} - "prompt" (text or messages) may be missing; "completion_ids",
// "num_tokens" and "is_terminated" say more, without them words stand for tokens. Or {"pred", "gold", "form"}: form "answer"
// (the default) puts pred into \boxed{}, form "completion" takes it as the whole text; gold becomes the column `answer`.
// Error at `where` when the row is of neither form.
SampleRow read_sample_row(base::Json row, const std::string& where);

}  // namespace lockstep::rewards::tools
