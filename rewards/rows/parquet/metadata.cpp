// SPDX-License-Identifier: Apache-2.0
// The footer: fields by their numbers in parquet.thrift, and the checks against the file's size.
#include "rewards/rows/parquet/metadata.h"

#include "base/text.h"
#include "rewards/rows/parquet/thrift.h"

namespace lockstep::rewards::rows::parquet {
namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr size_t kMaxSchema = 10'000;
constexpr size_t kMaxChunks = 1'000'000;

template <class Enum>
Enum enum_of(int32_t value, Enum last, const char* what, const Place& place) {
  if (value < 0 || value > static_cast<int32_t>(last)) place.fail(cat("the ", what, " ", value, " is not known"));
  return static_cast<Enum>(value);
}

// ConvertedType, which older writers have instead of a logical type.
Logical from_converted(int32_t type) {
  constexpr Logical kKinds[] = {Logical::text, Logical::map,          Logical::map,          Logical::list, Logical::text,
                                Logical::decimal, Logical::date,      Logical::time,         Logical::time, Logical::timestamp_ms,
                                Logical::timestamp_us, Logical::unsigned_int, Logical::unsigned_int, Logical::unsigned_int,
                                Logical::unsigned_int, Logical::none, Logical::none,         Logical::none, Logical::none,
                                Logical::json, Logical::other,        Logical::other};
  return type >= 0 && type < static_cast<int32_t>(std::size(kKinds)) ? kKinds[type] : Logical::other;
}

Logical read_timestamp(ThriftReader& reader) {
  Logical unit = Logical::timestamp_us;
  reader.read_struct([&](int id, ThriftType type) {
    if (id != 2 || type != ThriftType::structure) return false;
    reader.read_struct([&](int unit_id, ThriftType) {
      unit = unit_id == 1 ? Logical::timestamp_ms : unit_id == 2 ? Logical::timestamp_us : Logical::timestamp_ns;
      return false;
    });
    return true;
  });
  return unit;
}

Logical read_integer_kind(ThriftReader& reader) {
  bool is_signed = true;
  reader.read_struct([&](int id, ThriftType type) {
    if (id != 2) return false;
    is_signed = reader.read_bool(type);
    return true;
  });
  return is_signed ? Logical::none : Logical::unsigned_int;
}

Logical read_logical(ThriftReader& reader) {
  constexpr Logical kKinds[] = {Logical::other, Logical::text, Logical::map,  Logical::list, Logical::text, Logical::decimal,
                                Logical::date,  Logical::time, Logical::other, Logical::other, Logical::none, Logical::null,
                                Logical::json,  Logical::other, Logical::uuid, Logical::float16};
  Logical logical = Logical::none;
  reader.read_struct([&](int id, ThriftType type) {
    logical = id < static_cast<int>(std::size(kKinds)) ? kKinds[id] : Logical::other;
    if (type != ThriftType::structure || (id != 8 && id != 10)) return false;
    logical = id == 8 ? read_timestamp(reader) : read_integer_kind(reader);
    return true;
  });
  return logical;
}

SchemaElement read_element(ThriftReader& reader, const Place& place) {
  SchemaElement element;
  std::optional<Logical> logical;
  reader.read_struct([&](int id, ThriftType type) {
    switch (id) {
      case 1:
        element.type = enum_of(reader.read_int32(type), Physical::fixed_byte_array, "physical type", place);
        return true;
      case 2:
        element.type_length = reader.read_int32(type);
        return true;
      case 3:
        element.repetition = enum_of(reader.read_int32(type), Repetition::repeated, "repetition", place);
        return true;
      case 4:
        element.name = reader.read_text(type);
        return true;
      case 5:
        element.num_children = reader.read_int32(type);
        return true;
      case 6:
        element.logical = from_converted(reader.read_int32(type));
        return true;
      case 10:
        if (type != ThriftType::structure) return false;
        logical = read_logical(reader);
        return true;
      default:
        return false;
    }
  });
  if (logical) element.logical = *logical;
  if (!base::is_utf8(element.name)) place.fail("the name of a column is no UTF-8");
  return element;
}

struct Offsets {
  int64_t data = -1, dictionary = -1, num_bytes = -1;
};

// Bounds are checked by the caller, for all chunks together.
ColumnChunk read_column_metadata(ThriftReader& reader, const Place& place, Offsets& offsets) {
  ColumnChunk chunk;
  reader.read_struct([&](int id, ThriftType type) {
    switch (id) {
      case 1:
        chunk.type = enum_of(reader.read_int32(type), Physical::fixed_byte_array, "physical type", place);
        return true;
      case 4:
        chunk.codec = enum_of(reader.read_int32(type), Codec::lz4_raw, "codec", place);
        return true;
      case 5:
        chunk.num_values = reader.read_integer(type);
        return true;
      case 7:
        offsets.num_bytes = reader.read_integer(type);
        return true;
      case 9:
        offsets.data = reader.read_integer(type);
        return true;
      case 11:
        offsets.dictionary = reader.read_integer(type);
        return true;
      default:
        return false;
    }
  });
  return chunk;
}

ColumnChunk read_chunk(ThriftReader& reader, std::string_view file, const Place& place) {
  std::optional<ColumnChunk> chunk;
  Offsets offsets;
  reader.read_struct([&](int id, ThriftType type) {
    if (id == 1 && type == ThriftType::binary && !reader.read_text(type).empty()) place.fail_unsupported("a column lies in another file");
    if (id == 8 || id == 9) place.fail_unsupported("a column is encrypted");
    if (id == 3 && type == ThriftType::structure) chunk = read_column_metadata(reader, place, offsets);
    return (id == 1 && type == ThriftType::binary) || (id == 3 && type == ThriftType::structure);
  });
  if (!chunk) place.fail("a column has no metadata");
  if (chunk->num_values == 0) return *chunk;  // has no pages, and often no offsets
  // Some writers give a dictionary offset of 0, which is the magic's place.
  const bool has_dictionary = offsets.dictionary > 0 && offsets.dictionary < offsets.data;
  const int64_t start = has_dictionary ? offsets.dictionary : offsets.data;
  const auto size = static_cast<int64_t>(file.size());
  if (start < 4 || start > size || offsets.num_bytes < 0 || offsets.num_bytes > size - start || chunk->num_values < 0) {
    place.fail("a column lies outside the file");
  }
  chunk->offset = static_cast<size_t>(start);
  chunk->num_bytes = static_cast<size_t>(offsets.num_bytes);
  return *chunk;
}

RowGroup read_row_group(ThriftReader& reader, std::string_view file, const Place& place) {
  RowGroup group;
  group.num_rows = -1;
  reader.read_struct([&](int id, ThriftType type) {
    if (id == 1) reader.read_list(type, ThriftType::structure, [&] { group.columns.push_back(read_chunk(reader, file, place)); });
    if (id == 3) group.num_rows = reader.read_integer(type);
    return id == 1 || id == 3;
  });
  if (group.num_rows < 0) place.fail("a row group has no number of rows");
  return group;
}

void check_sums(const FileMetadata& metadata, std::string_view file, const Place& place) {
  size_t num_chunks = 0, num_bytes = 0;
  int64_t num_rows = 0;
  for (const RowGroup& group : metadata.row_groups) {
    num_chunks += group.columns.size();
    for (const ColumnChunk& chunk : group.columns) num_bytes += chunk.num_bytes;
    // No sum overflows: each part is at most as large as the file, or as the limit of rows.
    if (num_bytes > file.size()) place.fail("the columns together are larger than the file");
    if (group.num_rows > metadata.num_rows - num_rows) place.fail("the row groups have more rows than the file");
    num_rows += group.num_rows;
  }
  if (num_rows != metadata.num_rows) place.fail("the row groups have fewer rows than the file");
  if (metadata.schema.size() > kMaxSchema || num_chunks > kMaxChunks) place.fail_unsupported("the file has too many columns");
}

}  // namespace

FileMetadata read_metadata(std::string_view file, const std::string& path) {
  const Place at_end{.path = path, .offset = file.size()};
  if (file.size() < 12 || !file.starts_with(kMagic) || !file.ends_with(kMagic)) {
    if (file.ends_with("PARE")) at_end.fail_unsupported("the file is encrypted");
    at_end.fail("the file does not begin and end with PAR1");
  }
  uint32_t size = 0;
  for (size_t i = 0; i < 4; ++i) size |= uint32_t{static_cast<uint8_t>(file[file.size() - 8 + i])} << (8 * i);
  if (size > file.size() - 12) at_end.fail("the footer is longer than the file");
  const Place place{.path = path, .offset = file.size() - 8 - size};
  ThriftReader reader(file.substr(place.offset, size), place);
  FileMetadata metadata;
  reader.read_struct([&](int id, ThriftType type) {
    if (id == 2) reader.read_list(type, ThriftType::structure, [&] { metadata.schema.push_back(read_element(reader, place)); });
    if (id == 3) metadata.num_rows = reader.read_integer(type);
    if (id == 4) reader.read_list(type, ThriftType::structure, [&] { metadata.row_groups.push_back(read_row_group(reader, file, place)); });
    if (id == 8) place.fail_unsupported("the file is encrypted");
    return id == 2 || id == 3 || id == 4;
  });
  if (metadata.num_rows < 0) place.fail("the number of rows is negative");
  check_sums(metadata, file, place);
  return metadata;
}

}  // namespace lockstep::rewards::rows::parquet
