// SPDX-License-Identifier: Apache-2.0
// What a test says about an Error: which words its three parts hold.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "base/error.h"

namespace lockstep::test {

// The Error that `action` throws, or nullopt.
template <class Action>
std::optional<Error> error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

// Fails the test unless `action` throws an Error whose parts contain these words.
template <class Action>
void check_error(Action&& action, const std::string& what, const std::string& where, const std::string& fix) {
  const std::optional<Error> error = error_of(action);
  INFO("expected an Error: " << what);
  REQUIRE(error.has_value());
  INFO(std::string(error->what()));
  CHECK(error->what_happened().find(what) != std::string::npos);
  CHECK(error->where().find(where) != std::string::npos);
  CHECK(error->fix().find(fix) != std::string::npos);
}

}  // namespace lockstep::test
