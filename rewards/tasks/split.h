// SPDX-License-Identifier: Apache-2.0
// Which problems are held out: a function of a problem's content alone, so that no seed can leak one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::rewards {

enum class Split { train, eval };

const char* split_name(Split split);
// "train" or "eval"; anything else is an Error.
Split split_from_name(std::string_view name);

// CRC-32 as in zlib, PNG and Ethernet (reflected polynomial 0xEDB88320).
uint32_t crc32(std::string_view bytes);

// About one problem in ten belongs to eval: those with crc32(content) mod 10 == 0. `content` is the problem
// in a canonical form, without wording, style or seed.
Split split_of(std::string_view content);

}  // namespace lockstep::rewards
