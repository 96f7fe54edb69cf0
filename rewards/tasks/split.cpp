// SPDX-License-Identifier: Apache-2.0
// Membership of a split by checksum.
#include "rewards/tasks/split.h"

#include <array>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards {
namespace {

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit)
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0xEDB88320u : 0u);
    table[byte] = remainder;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

}  // namespace

const char* split_name(Split split) { return split == Split::train ? "train" : "eval"; }

Split split_from_name(std::string_view name) {
  if (name == "train") return Split::train;
  if (name == "eval") return Split::eval;
  throw Error(cat("unknown split \"", base::printable(name), "\""), "split", "use \"train\" or \"eval\"");
}

uint32_t crc32(std::string_view bytes) {
  uint32_t crc = 0xFFFFFFFFu;
  for (char c : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xFFu];
  return ~crc;
}

Split split_of(std::string_view content) { return crc32(content) % 10 == 0 ? Split::eval : Split::train; }

}  // namespace lockstep::rewards
