// SPDX-License-Identifier: Apache-2.0
// The reward `accuracy_code`: does the program of a completion pass the tests of its row?
#pragma once

#include <string>

#include "rewards/builtin.h"
#include "rewards/code/config.h"
#include "rewards/code/judge.h"

namespace lockstep::rewards::code {

// 1 or 0, or the share of tests with `credit: share`. skip when the row has no usable tests; timeout when the machine gave
// the program no processor; error when its sandboxes break. No program, one that does not compile, crashes, prints or
// returns something else, is too slow or too big: 0. Metrics: has_code, compiles, pass_share, runs_out (of time or
// memory), cpu_s.
class AccuracyCode final : public NamedReward {
 public:
  // Error when this machine cannot isolate programs and the config does not say unsafe.
  AccuracyCode(std::string name, const CodeConfig& config, const std::string& where);
  Score score(const Sample& sample) const override;

 private:
  CodeConfig config_;
  Judge judge_;
};

}  // namespace lockstep::rewards::code
