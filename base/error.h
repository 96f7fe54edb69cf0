// SPDX-License-Identifier: Apache-2.0
// The one exception type: what happened (with the values), where (JSON path, tensor, file:line, rank), how to fix it.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lockstep::base {

class Error : public std::exception {
 public:
  Error(std::string what_happened, std::string where, std::string fix);

  // The three parts as the command line prints them: "what\n  where: ...\n  fix:   ...".
  const char* what() const noexcept override { return text_.c_str(); }
  const std::string& what_happened() const { return what_; }
  const std::string& where() const { return where_; }
  const std::string& fix() const { return fix_; }

 private:
  std::string what_, where_, fix_, text_;
};

// Throws the Error of a broken internal rule; `where` is the source location.
[[noreturn]] void check_failed(std::string_view condition,
                               std::string_view detail,
                               const std::source_location& location = std::source_location::current());

}  // namespace lockstep::base

namespace lockstep {
using base::Error;
}

// For programmer errors only; bad input gets an Error of its own with a fix that the user can do.
#define LOCKSTEP_CHECK(condition, detail)                                   \
  do {                                                                      \
    if (!(condition)) ::lockstep::base::check_failed(#condition, (detail)); \
  } while (false)
