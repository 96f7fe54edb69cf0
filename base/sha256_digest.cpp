// SPDX-License-Identifier: Apache-2.0
// Blocks in place, then the padded rest of each text (FIPS 180-4, sections 5.1.1 and 6.2).
#include "base/sha256_digest.h"

#include <cstring>

#include "base/error.h"
#include "base/sha256_blocks.h"

namespace lockstep::base {
namespace {

constexpr size_t kBlock = 64;

struct State {
  uint32_t words[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
};

// What is left of a text behind its whole blocks, with a one, zeros and the length in bits behind it: one block or two.
struct Rest {
  uint8_t bytes[2 * kBlock] = {};
  size_t num_blocks = 1;
  explicit Rest(std::string_view text) {
    const size_t size = text.size() % kBlock;
    if (size > 0) std::memcpy(bytes, text.data() + text.size() - size, size);
    bytes[size] = 0x80;
    num_blocks = size + 1 + 8 <= kBlock ? 1 : 2;
    const uint64_t bits = uint64_t{text.size()} * 8;
    for (size_t i = 0; i < 8; ++i) bytes[num_blocks * kBlock - 1 - i] = static_cast<uint8_t>(bits >> (8 * i));
  }
};

Sha256Digest digest_of(const State& state) {
  Sha256Digest digest;
  for (size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<uint8_t>(state.words[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

const uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

}  // namespace

Sha256Digest sha256_digest(std::string_view data) {
  static Sha256Blocks* const blocks = has_sha_extensions() ? sha256_blocks_x86 : sha256_blocks_portable;
  State state;
  const Rest rest(data);
  blocks(state.words, bytes_of(data), data.size() / kBlock);
  blocks(state.words, rest.bytes, rest.num_blocks);
  return digest_of(state);
}

std::array<Sha256Digest, 2> sha256_digests(std::string_view a, std::string_view b) {
  LOCKSTEP_CHECK(a.size() == b.size(), "texts that are hashed side by side have one length");
  if (!has_sha_extensions()) return {sha256_digest(a), sha256_digest(b)};
  State first, second;
  const Rest rest_a(a), rest_b(b);
  sha256_two_blocks_x86(first.words, bytes_of(a), second.words, bytes_of(b), a.size() / kBlock);
  sha256_two_blocks_x86(first.words, rest_a.bytes, second.words, rest_b.bytes, rest_a.num_blocks);
  return {digest_of(first), digest_of(second)};
}

}  // namespace lockstep::base
