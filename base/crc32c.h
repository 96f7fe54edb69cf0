// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78): finds accidental damage of bytes, not forgery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lockstep::base {

// The checksum of what `before` is the checksum of, followed by `data`: crc32c(b, crc32c(a)) == crc32c(a + b).
uint32_t crc32c(std::string_view data, uint32_t before = 0);

// One step over `bytes` bytes on the inverted register, in portable code and by the processor's own instruction.
using Crc32cStep = uint32_t(uint32_t inverted, const char* data, size_t bytes);
Crc32cStep crc32c_step_portable;
Crc32cStep crc32c_step_sse42;  // needs has_crc32c_instruction()
bool has_crc32c_instruction();

}  // namespace lockstep::base
