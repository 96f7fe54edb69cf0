// SPDX-License-Identifier: Apache-2.0
// Peak memory from the kernel.
#include "base/peak_rss.h"

#include <sys/resource.h>

namespace lockstep::base {

int64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace lockstep::base
