// SPDX-License-Identifier: Apache-2.0
// Rows of a Parquet file: what pyarrow, Hugging Face's datasets, pandas, polars and DuckDB write with their defaults.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace lockstep::rewards::rows::parquet {

struct ParquetLimits {
  size_t max_row_bytes = size_t{16} << 20;
  int64_t max_rows = 100'000'000;  // a few bytes can claim any number of equal rows
};

// Calls `row` with each row as an object, in order, and its number from 1. Structs become objects, lists lists, maps objects; nulls
// stay. Read are plain, dictionary and run-length encodings, pages of versions 1 and 2, snappy, gzip, zstd and no compression.
// Hostile input: everything is checked against the file's size; memory is bounded by one page per column (512 MiB each, 2 GiB
// together) and one row. Error (path, column, byte) when the file is damaged, or written in a way that is not read.
void read_parquet(std::string_view bytes, const std::string& path, const std::function<void(base::Json row, int64_t number)>& row,
                  const ParquetLimits& limits = {});

}  // namespace lockstep::rewards::rows::parquet
