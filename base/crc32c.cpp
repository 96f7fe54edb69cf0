// SPDX-License-Identifier: Apache-2.0
// CRC-32C by a table of 256 entries, byte by byte; the choice of the faster form.
#include "base/crc32c.h"

#include <array>

namespace lockstep::base {
namespace {

constexpr std::array<uint32_t, 256> kTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}();

}  // namespace

uint32_t crc32c_step_portable(uint32_t inverted, const char* data, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) {
    inverted = (inverted >> 8) ^ kTable[(inverted ^ static_cast<uint8_t>(data[i])) & 0xff];
  }
  return inverted;
}

uint32_t crc32c(std::string_view data, uint32_t before) {
  static Crc32cStep* const fastest = has_crc32c_instruction() ? crc32c_step_sse42 : crc32c_step_portable;
  return ~fastest(~before, data.data(), data.size());
}

}  // namespace lockstep::base
