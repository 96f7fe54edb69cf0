// SPDX-License-Identifier: Apache-2.0
// How the time of a call is split into prefill and decode.
#pragma once

#include <cstdint>

namespace lockstep::cli {

struct BenchSeconds {
  double prefill, decode;
};

// `first`: the fastest call with one new token; `whole`: the fastest with `new_tokens`. The fastest of each, so that a slow
// moment of the machine in one of the calls cannot make the difference too small. Error when there is no difference.
BenchSeconds split_seconds(double first, double whole, int64_t new_tokens);

}  // namespace lockstep::cli
