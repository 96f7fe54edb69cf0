// SPDX-License-Identifier: Apache-2.0
// Names of the finish reasons, as they are written to completion logs.
#include "rollout/engine.h"

#include "base/error.h"

namespace lockstep::rollout {

const char* finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::eos:
      return "eos";
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::aborted:
      return "aborted";
  }
  base::check_failed("reason", "no such FinishReason");
}

}  // namespace lockstep::rollout
