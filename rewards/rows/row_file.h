// SPDX-License-Identifier: Apache-2.0
// Files of rows, whatever their format, read one row at a time; and written so that a crash leaves the old file.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/atomic_file.h"
#include "base/json.h"

namespace lockstep::rewards::rows {

struct FileRow {
  base::Json json;        // an object
  std::string_view line;  // its bytes in a .jsonl file, valid during the call; empty for other formats
  std::string where;      // "data.jsonl:7", "data.parquet: row 7", both from 1
};

struct RowLimits {
  size_t max_row_bytes = size_t{16} << 20;
  size_t max_file_bytes = size_t{1} << 30;  // of a .json file, which is read at once
};

// Calls `row` for each row in order: .parquet, .json (one list of objects), anything else as JSON lines (blank ones left out).
// One row is in memory at a time, of a Parquet file also a page per column. Error at the row: no JSON, no object, above the limits.
void for_each_row(const std::string& path, const std::function<void(FileRow& row)>& row, const RowLimits& limits = {});

// Writes a temporary neighbour and renames it over `path` at finish(); without finish() nothing is left.
class RowWriter {
 public:
  explicit RowWriter(const std::string& path) : file_(path) {}

  void write(const FileRow& row);  // a line keeps its bytes
  void write(const base::Json& row);
  void finish();  // flushed to disk
  size_t num_rows() const { return num_rows_; }

 private:
  void append(std::string_view line);
  base::AtomicFile file_;
  std::string buffer_;
  size_t num_rows_ = 0;
};

}  // namespace lockstep::rewards::rows
