// SPDX-License-Identifier: Apache-2.0
// safetensors files written byte by byte, as no honest writer would.
#pragma once

#include <cstdint>
#include <string>

namespace lockstep::test {

inline std::string little_endian(uint64_t value, size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
  return text;
}

// Length, header, data.
inline std::string raw_safetensors(const std::string& header, const std::string& data) {
  return little_endian(header.size(), 8) + header + data;
}

}  // namespace lockstep::test
