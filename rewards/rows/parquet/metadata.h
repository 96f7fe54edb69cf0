// SPDX-License-Identifier: Apache-2.0
// The footer and the page headers of a Parquet file (parquet-format's parquet.thrift), the fields that reading needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/rows/parquet/place.h"

namespace lockstep::rewards::rows::parquet {

enum class Physical { boolean, int32, int64, int96, real32, real64, byte_array, fixed_byte_array };
enum class Repetition { required, optional, repeated };
enum class Codec { none, snappy, gzip, lzo, brotli, lz4, zstd, lz4_raw };
enum class Encoding { plain = 0, plain_dictionary = 2, rle = 3, bit_packed = 4, rle_dictionary = 8 };

// What a column's values mean; `none` where the physical type says it all.
enum class Logical {
  none, text, map, list, decimal, date, time, timestamp_ms, timestamp_us, timestamp_ns, unsigned_int, json, null, uuid, float16, other
};

struct SchemaElement {
  std::optional<Physical> type = {};  // none: a group
  int32_t type_length = 0;            // of fixed_byte_array
  Repetition repetition = Repetition::required;
  std::string name = {};
  int32_t num_children = 0;
  Logical logical = Logical::none;
};

struct ColumnChunk {
  Physical type = Physical::boolean;
  Codec codec = Codec::none;
  int64_t num_values = 0;  // with nulls
  size_t offset = 0;       // of the first page, of the dictionary if there is one
  size_t num_bytes = 0;    // of all pages, with their headers; inside the file
};

struct RowGroup {
  std::vector<ColumnChunk> columns = {};  // one per leaf of the schema
  int64_t num_rows = 0;
};

struct FileMetadata {
  std::vector<SchemaElement> schema = {};  // depth first, the root first
  std::vector<RowGroup> row_groups = {};
  int64_t num_rows = 0;
};

// Error when the bytes are no Parquet file, are encrypted, or have sizes and offsets that do not fit into them: the pages of all
// columns together are at most as large as the file.
FileMetadata read_metadata(std::string_view file, const std::string& path);

enum class PageType { data, index, dictionary, data_v2 };

struct PageHeader {
  PageType type = PageType::data;
  size_t compressed_bytes = 0, uncompressed_bytes = 0;
  std::optional<uint32_t> crc = {};
  int32_t num_values = 0;
  int32_t encoding = 0;  // an Encoding, or one that is not read
  int32_t definition_encoding = 3, repetition_encoding = 3;  // of data
  size_t definition_bytes = 0, repetition_bytes = 0;         // of data_v2: levels, never compressed
  bool is_compressed = true;                                 // of data_v2
  size_t header_bytes = 0;
};

// The header at the start of `bytes`. Error when it is malformed, or its page is longer than what follows.
PageHeader read_page_header(std::string_view bytes, const Place& place);

}  // namespace lockstep::rewards::rows::parquet
