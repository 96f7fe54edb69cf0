// SPDX-License-Identifier: Apache-2.0
// Bounds of what is written and read.
#include "base/bytes.h"

#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::base {

void ByteWriter::count(size_t value) {
  if (value > std::numeric_limits<uint32_t>::max()) {
    throw Error(cat(value, " elements do not fit into one message"), "message to a peer", "send less at once");
  }
  number(static_cast<uint32_t>(value));
}

void ByteWriter::text(std::string_view value) {
  count(value.size());
  raw(value.data(), value.size());
}

std::string_view ByteReader::take(size_t bytes) {
  if (bytes > rest_.size()) fail();
  if (has_failed_) return {};
  const std::string_view taken = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return taken;
}

size_t ByteReader::count(size_t max_count, size_t min_bytes) {
  const size_t value = number<uint32_t>();
  if (value > max_count || value > rest_.size() / min_bytes) fail();
  return has_failed_ ? 0 : value;
}

std::string ByteReader::text(size_t max_bytes) { return std::string(take(count(max_bytes, 1))); }

}  // namespace lockstep::base
