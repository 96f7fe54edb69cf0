// SPDX-License-Identifier: Apache-2.0
// Catches the Error that an action must throw, so that a test can look at its three parts.
#pragma once

#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::base {

// The Error that `action` throws; one whose what is "nothing was thrown" when it throws none.
template <class Action>
Error error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error("nothing was thrown", "", "");
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace lockstep::base
