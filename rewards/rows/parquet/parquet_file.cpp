// SPDX-License-Identifier: Apache-2.0
// Row group by row group.
#include "rewards/rows/parquet/parquet_file.h"

#include "base/text.h"
#include "rewards/rows/parquet/assemble.h"

namespace lockstep::rewards::rows::parquet {

void read_parquet(std::string_view bytes, const std::string& path, const std::function<void(base::Json row, int64_t number)>& row,
                  const ParquetLimits& limits) {
  const FileMetadata metadata = read_metadata(bytes, path);
  const Place footer{.path = path, .offset = bytes.size()};
  if (metadata.num_rows > limits.max_rows) footer.fail_unsupported(cat("the file has more than ", limits.max_rows, " rows"));
  const Schema schema = build_schema(metadata.schema, footer);
  if (schema.leaves.empty() && metadata.num_rows > 0) footer.fail_unsupported("the file has rows but no columns");
  Budget budget;
  int64_t number = 0;
  for (const RowGroup& group : metadata.row_groups) {
    if (group.columns.size() != schema.leaves.size()) footer.fail("a row group has another number of columns than the schema");
    std::vector<std::unique_ptr<ColumnReader>> columns;
    for (size_t i = 0; i < schema.leaves.size(); ++i) {
      columns.push_back(std::make_unique<ColumnReader>(bytes, group.columns[i], schema.leaves[i], path, budget));
    }
    Assembler assembler(schema, columns, limits.max_row_bytes);
    for (int64_t i = 0; i < group.num_rows; ++i) row(assembler.next_row(), ++number);
    for (const auto& column : columns) {
      if (!column->is_at_end()) column->place().fail("the column has more rows than the file");
    }
  }
}

}  // namespace lockstep::rewards::rows::parquet
