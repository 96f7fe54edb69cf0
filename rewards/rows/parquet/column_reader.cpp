// SPDX-License-Identifier: Apache-2.0
// Pages of versions 1 and 2, their levels and values.
#include "rewards/rows/parquet/column_reader.h"

#include <zlib.h>

#include "base/text.h"
#include "rewards/rows/parquet/decompress.h"

namespace lockstep::rewards::rows::parquet {
namespace {

constexpr size_t kMaxPageBytes = size_t{512} << 20;

void check_crc(const PageHeader& header, std::string_view bytes, const Place& place) {
  if (!header.crc) return;
  const uLong crc = crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
  if (static_cast<uint32_t>(crc) != *header.crc) place.fail("a page has another checksum than its header says");
}

}  // namespace

ColumnReader::ColumnReader(std::string_view file, const ColumnChunk& chunk, const Leaf& leaf, const std::string& path, Budget& budget)
    : file_(file),
      chunk_(chunk),
      leaf_(leaf),
      place_{.path = path, .column = leaf.path, .offset = chunk.offset},
      budget_(budget),
      at_(chunk.offset),
      end_(chunk.offset + chunk.num_bytes),
      num_left_(chunk.num_values) {
  if (chunk.type != leaf.type) place_.fail("the column has another type than the schema says");
}

ColumnReader::~ColumnReader() { budget_.used -= page_held_ + dictionary_held_; }

void ColumnReader::hold(size_t& held, size_t bytes) {
  budget_.used -= held;
  held = 0;
  if (bytes > kMaxPageBytes) place_.fail_unsupported("a page is larger than 512 MiB");
  if (bytes > budget_.most - budget_.used) place_.fail_unsupported("the pages of the columns need more memory than 2 GiB");
  held = bytes;
  budget_.used += bytes;
}

int ColumnReader::repetition() {
  load_entry();
  return repetition_;
}

int ColumnReader::definition() {
  load_entry();
  return definition_;
}

std::optional<Value> ColumnReader::take() {
  load_entry();
  is_loaded_ = false;
  --num_left_;
  --num_in_page_;
  if (definition_ < leaf_.max_definition) return std::nullopt;
  return values_->next();
}

void ColumnReader::load_entry() {
  if (is_loaded_) return;
  if (num_left_ == 0) place_.fail("the column has fewer rows than the file");
  while (num_in_page_ == 0) load_page();
  repetition_ = static_cast<int>(repetitions_->next());
  definition_ = static_cast<int>(definitions_->next());
  if (repetition_ > leaf_.max_repetition || definition_ > leaf_.max_definition) place_.fail("a level is higher than the schema allows");
  is_loaded_ = true;
}

void ColumnReader::load_page() {
  if (at_ >= end_) place_.fail("the pages have fewer values than the column");
  place_.offset = at_;
  const PageHeader header = read_page_header(file_.substr(at_, end_ - at_), place_);
  const std::string_view bytes = file_.substr(at_ + header.header_bytes, header.compressed_bytes);
  at_ += header.header_bytes + header.compressed_bytes;
  check_crc(header, bytes, place_);
  switch (header.type) {
    case PageType::index:
      return;
    case PageType::dictionary:
      return load_dictionary(header, bytes);
    case PageType::data:
      load_data(header, bytes);
      break;
    case PageType::data_v2:
      load_data_v2(header, bytes);
      break;
  }
  num_in_page_ = header.num_values;
  if (num_in_page_ > num_left_) place_.fail("the pages have more values than the column");
}

void ColumnReader::load_dictionary(const PageHeader& header, std::string_view bytes) {
  if (has_dictionary_) place_.fail("the column has two dictionaries");
  has_dictionary_ = true;
  // A value of four bytes becomes one of 32 in memory.
  hold(dictionary_held_, header.uncompressed_bytes + sizeof(Value) * static_cast<size_t>(header.num_values));
  dictionary_page_ = decompress(chunk_.codec, bytes, header.uncompressed_bytes, place_);
  dictionary_ = read_dictionary(dictionary_page_, header.num_values, leaf_, place_);
}

// Version 1 puts the length of the levels before them.
std::string_view ColumnReader::take_levels(std::string_view& page, int max_level, int32_t encoding) const {
  if (max_level == 0) return {};
  if (encoding != static_cast<int32_t>(Encoding::rle)) place_.fail_unsupported("levels are encoded as BIT_PACKED");
  if (page.size() < 4) place_.fail("a page ends in its levels");
  size_t size = 0;
  for (size_t i = 0; i < 4; ++i) size |= size_t{static_cast<uint8_t>(page[i])} << (8 * i);
  if (size > page.size() - 4) place_.fail("a page ends in its levels");
  const std::string_view levels = page.substr(4, size);
  page.remove_prefix(4 + size);
  return levels;
}

void ColumnReader::set_levels(std::string_view repetitions, std::string_view definitions) {
  repetitions_.emplace(repetitions, bit_width_of(static_cast<uint32_t>(leaf_.max_repetition)), place_);
  definitions_.emplace(definitions, bit_width_of(static_cast<uint32_t>(leaf_.max_definition)), place_);
}

void ColumnReader::load_data(const PageHeader& header, std::string_view bytes) {
  hold(page_held_, header.uncompressed_bytes);
  page_ = decompress(chunk_.codec, bytes, header.uncompressed_bytes, place_);
  std::string_view rest = page_;
  const std::string_view repetitions = take_levels(rest, leaf_.max_repetition, header.repetition_encoding);
  const std::string_view definitions = take_levels(rest, leaf_.max_definition, header.definition_encoding);
  set_levels(repetitions, definitions);
  values_.emplace(rest, header.encoding, has_dictionary_ ? &dictionary_ : nullptr, leaf_, place_);
}

void ColumnReader::load_data_v2(const PageHeader& header, std::string_view bytes) {
  hold(page_held_, header.uncompressed_bytes);
  const size_t levels = header.repetition_bytes + header.definition_bytes;
  const Codec codec = header.is_compressed ? chunk_.codec : Codec::none;
  set_levels(bytes.substr(0, header.repetition_bytes), bytes.substr(header.repetition_bytes, header.definition_bytes));
  // Some writers leave an empty page without its compressed form.
  const bool is_empty = header.uncompressed_bytes == levels;
  page_ = is_empty ? std::string() : decompress(codec, bytes.substr(levels), header.uncompressed_bytes - levels, place_);
  values_.emplace(page_, header.encoding, has_dictionary_ ? &dictionary_ : nullptr, leaf_, place_);
}

}  // namespace lockstep::rewards::rows::parquet
