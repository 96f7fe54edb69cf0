// SPDX-License-Identifier: Apache-2.0
// SHA-256 as FIPS 180-4 writes it: section 6.2.2 block by block, padding of section 5.1.1.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/file.h"
#include "base/file_handle.h"
#include "base/sha256_blocks.h"

namespace lockstep::base {
namespace {

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

Sha256::Sha256()
    : state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void sha256_blocks_portable(uint32_t state[8], const uint8_t* data, size_t num_blocks) {
  for (; num_blocks > 0; --num_blocks, data += 64) {
    std::array<uint32_t, 64> w;
    for (size_t t = 0; t < 16; ++t) w[t] = big_endian(data + 4 * t);
    for (size_t t = 16; t < 64; ++t) {
      const uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
      const uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (size_t t = 0; t < 64; ++t) {
      const uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + kSha256Round[t] + w[t];
      const uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1;
      d = c, c = b, b = a, a = t1 + t2;
    }
    const uint32_t added[8] = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; ++i) state[i] += added[i];
  }
}

void Sha256::blocks(const uint8_t* data, size_t count) {
  static Sha256Blocks* const fastest = has_sha_extensions() ? sha256_blocks_x86 : sha256_blocks_portable;
  fastest(state_, data, count);
}

void Sha256::update(const void* data, size_t bytes) {
  if (bytes == 0) return;  // `data` may be null then, and memcpy must not see it
  const auto* next = static_cast<const uint8_t*>(data);
  bytes_ += bytes;
  if (buffered_ > 0) {
    const size_t taken = std::min(bytes, sizeof buffer_ - buffered_);
    std::memcpy(buffer_ + buffered_, next, taken);
    buffered_ += taken;
    next += taken;
    bytes -= taken;
    if (buffered_ < sizeof buffer_) return;
    blocks(buffer_, 1);
    buffered_ = 0;
  }
  const size_t whole = bytes / sizeof buffer_;
  blocks(next, whole);
  next += whole * sizeof buffer_;
  bytes -= whole * sizeof buffer_;
  if (bytes > 0) std::memcpy(buffer_, next, bytes);
  buffered_ = bytes;
}

std::string Sha256::hex() {
  const uint64_t bits = bytes_ * 8;
  const uint8_t one = 0x80, zero = 0;
  update(&one, 1);
  while (buffered_ != 56) update(&zero, 1);
  uint8_t length[8];
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<uint8_t>(bits >> (56 - 8 * i));
  update(length, sizeof length);
  std::string out;
  for (const uint32_t word : state_) {
    for (int shift = 28; shift >= 0; shift -= 4) out += "0123456789abcdef"[word >> shift & 15];
  }
  return out;
}

std::string sha256_hex(std::string_view data) {
  Sha256 hash;
  hash.update(data.data(), data.size());
  return hash.hex();
}

std::string sha256_file(const std::string& path) {
  const FileHandle file = open_to_read(path);
  Sha256 hash;
  std::vector<char> buffer(size_t{1} << 20);
  while (const size_t count = read_some(file, buffer.data(), buffer.size(), path)) hash.update(buffer.data(), count);
  return hash.hex();
}

}  // namespace lockstep::base
