// SPDX-License-Identifier: Apache-2.0
// For tests of what is logged as expected trouble: only errors reach the terminal.
#pragma once

#include "base/log.h"

namespace lockstep::test {

struct QuietLog {
  QuietLog() { base::set_log_level(base::LogLevel::error); }
  ~QuietLog() { base::set_log_level(base::LogLevel::info); }
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;
};

}  // namespace lockstep::test
