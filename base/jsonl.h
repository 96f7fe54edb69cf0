// SPDX-License-Identifier: Apache-2.0
// Append-only JSON lines (metrics, completions): a row counts once its newline is written.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/file_handle.h"
#include "base/json.h"

namespace lockstep::base {

class JsonlWriter {
 public:
  // Opens `path` for appending, creating it if need be. A last line without newline is what a crash left of a row: it
  // is dropped.
  explicit JsonlWriter(std::string path);

  // Appends one row with one write(2); readers see it at once. A row that cannot be written whole is taken
  // back before the Error. Numbers that are not finite become null; ill-formed UTF-8 is an Error.
  void write(const Json& row);
  void flush();  // fsync

  // Keeps the rows for which `keep` holds, in order and byte for byte, by an atomic rewrite. A resumed run
  // drops the rows that are newer than its checkpoint this way. Error (path:line) on a row that is no JSON.
  void truncate_after(const std::function<bool(const Json& row)>& keep);

  const std::string& path() const { return path_; }

 private:
  void open();
  std::string path_;
  FileHandle file_;
};

}  // namespace lockstep::base
