// SPDX-License-Identifier: Apache-2.0
// The Errors of the Parquet reader.
#include "rewards/rows/parquet/place.h"

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::rows::parquet {
namespace {

std::string where(const Place& place, size_t offset) {
  const std::string part = place.column.empty() ? "footer" : cat("column ", base::printable(place.column));
  return cat(place.path, ": ", part, ", byte ", offset);
}

}  // namespace

void Place::fail(std::string_view what, size_t at) const {
  throw Error(std::string(what), where(*this, offset + at), "the file is damaged or no Parquet: fetch or write it anew");
}

void Place::fail_unsupported(std::string_view what) const {
  throw Error(std::string(what), where(*this, offset),
              "write it with the defaults of pyarrow (pq.write_table), or drop the column");
}

}  // namespace lockstep::rewards::rows::parquet
