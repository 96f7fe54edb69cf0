// SPDX-License-Identifier: Apache-2.0
// The codecs of Parquet pages: snappy, gzip, zstd.
#pragma once

#include <string>
#include <string_view>

#include "rewards/rows/parquet/metadata.h"

namespace lockstep::rewards::rows::parquet {

// Error when the bytes do not decompress to exactly `size` bytes, for a codec that is not read, and, before anything is allocated,
// when no stream of that codec and length could give so many.
std::string decompress(Codec codec, std::string_view bytes, size_t size, const Place& place);

}  // namespace lockstep::rewards::rows::parquet
