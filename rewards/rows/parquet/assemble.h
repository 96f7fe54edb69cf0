// SPDX-License-Identifier: Apache-2.0
// Rows from columns: the levels say where a list begins and ends and what is null.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/json.h"
#include "rewards/rows/parquet/column_reader.h"

namespace lockstep::rewards::rows::parquet {

class Assembler {
 public:
  // `columns`: one per leaf of the schema, all outlive the assembler.
  Assembler(const Schema& schema, std::vector<std::unique_ptr<ColumnReader>>& columns, size_t max_row_bytes)
      : schema_(schema), columns_(columns), max_row_bytes_(max_row_bytes) {}

  // The next row, an object. Error when the columns do not agree on it, or when it takes more than max_row_bytes (of text, and 16
  // for each value, name and item).
  base::Json next_row();

 private:
  base::Json read(const Node& node, int repetition);
  base::Json read_leaf(const Node& node, int repetition);
  base::Json read_fields(const Node& node, int repetition);
  base::Json read_list(const Node& node, int repetition);
  base::Json read_map(const Node& node, int repetition);
  // Whether the first leaf below the node is not defined up to `level`: then goes past the entry of every leaf.
  bool skips(const Node& node, int level, int repetition);
  bool has_more(const Node& node) const;
  void count(size_t bytes, const ColumnReader& column);

  const Schema& schema_;
  std::vector<std::unique_ptr<ColumnReader>>& columns_;
  size_t max_row_bytes_, row_bytes_ = 0;
};

}  // namespace lockstep::rewards::rows::parquet
