// SPDX-License-Identifier: Apache-2.0
// A difference, if the machine is calm enough to have one.
#include "cli/bench_seconds.h"

#include "base/error.h"
#include "base/text.h"

namespace lockstep::cli {

BenchSeconds split_seconds(double first, double whole, int64_t new_tokens) {
  if (whole <= first)
    throw Error(cat(new_tokens, " new tokens took ", base::fixed(whole * 1e3, 2), " ms, one took ", base::fixed(first * 1e3, 2), " ms"),
                "bench rollout", "ask for more --new-tokens or more --repeats: the decode is lost in the noise of the machine");
  return {first, whole - first};
}

}  // namespace lockstep::cli
