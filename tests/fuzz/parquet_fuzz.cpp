// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a Parquet file give rows, or an Error, within bounded time and memory.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "rewards/rows/parquet/parquet_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace parquet = lockstep::rewards::rows::parquet;
  int64_t num_rows = 0;
  try {
    const auto take = [&](lockstep::base::Json row, int64_t number) {
      if (!row.is_object() || number != ++num_rows) std::abort();
    };
    parquet::read_parquet({reinterpret_cast<const char*>(data), size}, "fuzz.parquet", take, {.max_row_bytes = 1 << 16, .max_rows = 2000});
  } catch (const lockstep::Error& error) {
    if (error.where().find("fuzz.parquet: ") != 0) std::abort();
  }
  return 0;
}
