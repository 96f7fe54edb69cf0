// SPDX-License-Identifier: Apache-2.0
// CRC-32C: published check values, parts against the whole, the instruction against the table.
#include "base/crc32c.h"

#include <doctest/doctest.h>

#include <string>

#include "base/rng.h"

namespace lockstep::base {
namespace {

std::string random_bytes(size_t size, uint64_t key) {
  Random random(1, "crc32c", key);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.below(256));
  return bytes;
}

}  // namespace

TEST_CASE("crc32c: the published check values") {
  CHECK(crc32c("123456789") == 0xe3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aau);  // RFC 3720, appendix B.4
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
  CHECK(crc32c("") == 0);
}

TEST_CASE("crc32c: the checksum of two parts one after the other is that of the whole") {
  const std::string bytes = random_bytes(100, 0);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    CHECK(crc32c(std::string_view(bytes).substr(cut), crc32c(std::string_view(bytes).substr(0, cut))) == crc32c(bytes));
  }
}

TEST_CASE("crc32c: the instruction gives what the table gives, at every length and alignment") {
  if (!has_crc32c_instruction()) return;
  const std::string bytes = random_bytes(80, 1);
  for (size_t start = 0; start < 9; ++start) {
    for (size_t size = 0; start + size <= bytes.size(); ++size) {
      CHECK(crc32c_step_sse42(7, bytes.data() + start, size) == crc32c_step_portable(7, bytes.data() + start, size));
    }
  }
}

}  // namespace lockstep::base
