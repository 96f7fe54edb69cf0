// SPDX-License-Identifier: Apache-2.0
// Both directions from one rule.
#include "model/byte_alphabet.h"

#include <array>

#include "base/text.h"

namespace lockstep::model {
namespace {

constexpr bool is_printable(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

struct Tables {
  std::array<char32_t, 256> letters{};
  std::array<int, 0x144> bytes{};  // by letter; -1: not of the alphabet

  constexpr Tables() {
    bytes.fill(-1);
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const char32_t letter = is_printable(byte) ? static_cast<char32_t>(byte) : next++;
      letters[static_cast<size_t>(byte)] = letter;
      bytes[letter] = byte;
    }
  }
};
constexpr Tables kTables;

}  // namespace

char32_t letter_of_byte(uint8_t byte) { return kTables.letters[byte]; }

std::optional<uint8_t> byte_of_letter(char32_t letter) {
  if (letter >= kTables.bytes.size() || kTables.bytes[letter] < 0) return std::nullopt;
  return static_cast<uint8_t>(kTables.bytes[letter]);
}

std::string to_byte_alphabet(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) base::append_utf8(text, letter_of_byte(static_cast<uint8_t>(byte)));
  return text;
}

std::optional<std::string> from_byte_alphabet(std::string_view text) {
  std::string bytes;
  for (const char32_t letter : base::decode_utf8(text)) {
    const auto byte = byte_of_letter(letter);
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

}  // namespace lockstep::model
