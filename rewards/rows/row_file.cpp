// SPDX-License-Identifier: Apache-2.0
// The choice of a format by the file's name, and JSON lines in and out.
#include "rewards/rows/row_file.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "rewards/rows/parquet/parquet_file.h"

namespace lockstep::rewards::rows {
namespace {

using base::Json;
using RowCall = std::function<void(FileRow& row)>;

constexpr size_t kBufferBytes = size_t{1} << 20;

void call(const RowCall& row, FileRow file_row) {
  if (!file_row.json.is_object()) {
    throw Error(cat("the row is ", file_row.json.type_name(), ", not an object"), file_row.where, "write one object a line");
  }
  row(file_row);
}

void read_lines(const std::string& path, const RowCall& row, const RowLimits& limits) {
  base::for_each_line(
      path,
      [&](std::string_view line, size_t number) {
        const std::string where = cat(path, ":", number);
        if (!base::trim(line).empty()) call(row, {base::parse_json(line, where), line, where});
      },
      limits.max_row_bytes);
}

void read_list(const std::string& path, const RowCall& row, const RowLimits& limits) {
  Json list = base::parse_json_file(path, {.max_bytes = limits.max_file_bytes});
  if (!list.is_array()) throw Error(cat("the file holds ", list.type_name(), ", not a list of rows"), path, "write [{...}, {...}]");
  for (size_t i = 0; i < list.size(); ++i) call(row, {std::move(list[i]), {}, cat(path, ": row ", i + 1)});
}

void read_mapped(const std::string& path, const RowCall& row, const RowLimits& limits) {
  const base::MappedFile file(path);
  const auto take = [&](Json json, int64_t number) { call(row, {std::move(json), {}, cat(path, ": row ", number)}); };
  parquet::read_parquet({reinterpret_cast<const char*>(file.data()), file.size()}, path, take, {.max_row_bytes = limits.max_row_bytes});
}

}  // namespace

void for_each_row(const std::string& path, const RowCall& row, const RowLimits& limits) {
  if (path.ends_with(".json")) return read_list(path, row, limits);
  if (path.ends_with(".parquet")) return read_mapped(path, row, limits);
  read_lines(path, row, limits);
}

void RowWriter::append(std::string_view line) {
  buffer_ += line;
  buffer_ += '\n';
  ++num_rows_;
  if (buffer_.size() < kBufferBytes) return;
  file_.write(buffer_);
  buffer_.clear();
}

void RowWriter::write(const FileRow& row) { row.line.empty() ? write(row.json) : append(row.line); }

void RowWriter::write(const Json& row) { append(row.dump(-1, ' ', false, Json::error_handler_t::replace)); }

void RowWriter::finish() {
  file_.write(buffer_);
  file_.commit();
}

}  // namespace lockstep::rewards::rows
