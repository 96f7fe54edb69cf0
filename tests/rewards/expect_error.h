// SPDX-License-Identifier: Apache-2.0
// Checks of the three parts of an Error.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace lockstep::rewards {

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Runs `action` and checks that it throws an Error whose parts contain the given texts.
template <class Action>
void expect_error(Action action, std::string_view what, std::string_view where, std::string_view fix) {
  try {
    action();
  } catch (const Error& error) {
    CHECK_MESSAGE(contains(error.what_happened(), what), error.what_happened(), " should contain ", std::string(what));
    CHECK_MESSAGE(contains(error.where(), where), error.where(), " should contain ", std::string(where));
    CHECK_MESSAGE(contains(error.fix(), fix), error.fix(), " should contain ", std::string(fix));
    return;
  }
  FAIL_CHECK("no Error; expected ", std::string(what));
}

}  // namespace lockstep::rewards
