// SPDX-License-Identifier: Apache-2.0
// GPT-2's alphabet: 256 printable characters that stand for the 256 bytes ("Ġ" for a space), so that pieces are text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::model {

// Printable ASCII and Latin-1 stand for themselves; the other 68 bytes, in order, for U+0100 onwards.
char32_t letter_of_byte(uint8_t byte);
std::optional<uint8_t> byte_of_letter(char32_t letter);

std::string to_byte_alphabet(std::string_view bytes);
// nullopt when a character is not of the alphabet. `text` is well-formed UTF-8.
std::optional<std::string> from_byte_alphabet(std::string_view text);

}  // namespace lockstep::model
