// SPDX-License-Identifier: Apache-2.0
// Page headers.
#include "rewards/rows/parquet/metadata.h"
#include "rewards/rows/parquet/thrift.h"

namespace lockstep::rewards::rows::parquet {
namespace {

size_t size_of(int32_t value, const Place& place) {
  if (value < 0) place.fail("a size in a page header is negative");
  return static_cast<size_t>(value);
}

void read_data_header(ThriftReader& reader, PageHeader& header) {
  reader.read_struct([&](int id, ThriftType type) {
    if (id == 1) header.num_values = reader.read_int32(type);
    if (id == 2) header.encoding = reader.read_int32(type);
    if (id == 3) header.definition_encoding = reader.read_int32(type);
    if (id == 4) header.repetition_encoding = reader.read_int32(type);
    return id >= 1 && id <= 4;
  });
}

void read_dictionary_header(ThriftReader& reader, PageHeader& header) {
  reader.read_struct([&](int id, ThriftType type) {
    if (id == 1) header.num_values = reader.read_int32(type);
    if (id == 2) header.encoding = reader.read_int32(type);
    return id == 1 || id == 2;
  });
}

void read_data_header_v2(ThriftReader& reader, PageHeader& header, const Place& place) {
  reader.read_struct([&](int id, ThriftType type) {
    if (id == 1) header.num_values = reader.read_int32(type);
    if (id == 4) header.encoding = reader.read_int32(type);
    if (id == 5) header.definition_bytes = size_of(reader.read_int32(type), place);
    if (id == 6) header.repetition_bytes = size_of(reader.read_int32(type), place);
    if (id == 7) header.is_compressed = reader.read_bool(type);
    return id == 1 || (id >= 4 && id <= 7);
  });
}

bool read_field(ThriftReader& reader, PageHeader& header, int id, ThriftType type, const Place& place) {
  switch (id) {
    case 1: {
      const int32_t kind = reader.read_int32(type);
      if (kind < 0 || kind > 3) place.fail("a page has no known type");
      header.type = static_cast<PageType>(kind);
      return true;
    }
    case 2:
      header.uncompressed_bytes = size_of(reader.read_int32(type), place);
      return true;
    case 3:
      header.compressed_bytes = size_of(reader.read_int32(type), place);
      return true;
    case 4:
      header.crc = static_cast<uint32_t>(reader.read_int32(type));
      return true;
    default:
      break;
  }
  if (type != ThriftType::structure) return false;
  if (id == 5) read_data_header(reader, header);
  if (id == 7) read_dictionary_header(reader, header);
  if (id == 8) read_data_header_v2(reader, header, place);
  return id == 5 || id == 7 || id == 8;
}

}  // namespace

PageHeader read_page_header(std::string_view bytes, const Place& place) {
  PageHeader header;
  ThriftReader reader(bytes, place);
  reader.read_struct([&](int id, ThriftType type) { return read_field(reader, header, id, type, place); });
  header.header_bytes = reader.position();
  if (header.compressed_bytes > bytes.size() - header.header_bytes) place.fail("a page is longer than its column");
  if (header.num_values < 0) place.fail("a page has a negative number of values");
  const size_t levels = header.definition_bytes + header.repetition_bytes;
  if (levels > header.compressed_bytes || levels > header.uncompressed_bytes) place.fail("the levels are longer than their page");
  return header;
}

}  // namespace lockstep::rewards::rows::parquet
