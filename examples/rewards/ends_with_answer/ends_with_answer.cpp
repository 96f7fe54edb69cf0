// SPDX-License-Identifier: Apache-2.0
// A reward in C++: 1 when the completion ends with the row's answer; rows without an answer are skipped.
#include "rewards/plugins/lockstep_reward.h"

LOCKSTEP_REWARD(sample) {
  const auto answer = sample.column("answer");
  if (!answer) return lockstep_reward::skip("the row has no answer");
  sample.metric("length", static_cast<double>(sample.completion().size()));
  return sample.completion().ends_with(*answer) ? 1.0 : 0.0;
}
