// SPDX-License-Identifier: Apache-2.0
// The most memory that this process has had.
#pragma once

#include <cstdint>

namespace lockstep::base {

int64_t peak_rss_bytes();  // resident, so far

}  // namespace lockstep::base
