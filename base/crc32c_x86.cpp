// SPDX-License-Identifier: Apache-2.0
// CRC-32C by SSE4.2's crc32 instruction, eight bytes at a time: gigabytes of weights pass through it.
#include <nmmintrin.h>

#include <cstring>

#include "base/crc32c.h"

namespace lockstep::base {

bool has_crc32c_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) uint32_t crc32c_step_sse42(uint32_t inverted, const char* data, size_t bytes) {
  uint64_t crc = inverted;
  for (; bytes >= 8; bytes -= 8, data += 8) {
    uint64_t word = 0;
    std::memcpy(&word, data, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  auto low = static_cast<uint32_t>(crc);
  for (; bytes > 0; --bytes, ++data) low = _mm_crc32_u8(low, static_cast<uint8_t>(*data));
  return low;
}

}  // namespace lockstep::base
