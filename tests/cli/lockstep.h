// SPDX-License-Identifier: Apache-2.0
// Shorthands of the tests that run the binary.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/run_lockstep.h"

namespace lockstep::test {

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline RunResult lockstep(const std::vector<std::string>& words) { return run_program(LOCKSTEP_BINARY, words); }

// The run fails with this exit code, prints nothing on standard output, and on standard error one Error: `what` and `where`
// exactly, and a fix that begins with `fix`.
inline void expect_failure(const std::vector<std::string>& words,
                           int exit_code,
                           const std::string& what,
                           const std::string& where,
                           const std::string& fix) {
  const RunResult run = lockstep(words);
  CAPTURE(run.err);
  CHECK(run.exit_code == exit_code);
  CHECK(run.out.empty());
  CHECK(run.err.starts_with("lockstep: error: " + what + "\n  where: " + where + "\n  fix:   " + fix));
}

}  // namespace lockstep::test
