// SPDX-License-Identifier: Apache-2.0
// Where in a Parquet file something is wrong.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lockstep::rewards::rows::parquet {

// The bytes of a file, and what is read of them now.
struct Place {
  const std::string& path;
  std::string column = "";  // its path in the schema; empty: the footer
  size_t offset = 0;        // of the part that is read, from the start of the file

  // Throws Error{what, "data.parquet: column prompt.list.element, byte 1234", how to write the file anew}.
  [[noreturn]] void fail(std::string_view what, size_t at = 0) const;
  // The same for what is well-formed but not read here.
  [[noreturn]] void fail_unsupported(std::string_view what) const;
};

}  // namespace lockstep::rewards::rows::parquet
