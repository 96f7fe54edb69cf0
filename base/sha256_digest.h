// SPDX-License-Identifier: Apache-2.0
// SHA-256 of bytes that are there at once, of one text or of two side by side.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lockstep::base {

using Sha256Digest = std::array<uint8_t, 32>;
Sha256Digest sha256_digest(std::string_view data);

// Of two texts of the same length: an instruction of the one runs while the other's last one is not done yet, so that a core
// hashes nearly twice as much.
std::array<Sha256Digest, 2> sha256_digests(std::string_view a, std::string_view b);

}  // namespace lockstep::base
