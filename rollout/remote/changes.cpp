// SPDX-License-Identifier: Apache-2.0
// Blocks compared, written and applied.
#include "rollout/remote/changes.h"

#include <array>
#include <bit>
#include <cstring>

namespace lockstep::rollout::remote {
namespace {

constexpr size_t kQuads = kBlockBytes / sizeof(uint64_t);  // of four words

void append(std::string& out, const void* data, size_t bytes) { out.append(static_cast<const char*>(data), bytes); }

// Four words are compared at once, since mostly all are equal; of four that are not, each is stored, and the place moves on
// behind those that count, so that no branch depends on which they are.
void append_block(std::string& out, const char* before, const char* after) {
  std::array<uint64_t, kQuads> old_quads, new_quads;
  std::array<uint16_t, kBlockWords> changed;
  std::memcpy(&old_quads, before, kBlockBytes);
  std::memcpy(&new_quads, after, kBlockBytes);
  uint64_t mask = 0;
  size_t count = 0;
  for (size_t q = 0; q < kQuads; ++q) {
    const uint64_t difference = old_quads[q] ^ new_quads[q];
    if (difference == 0) continue;
    for (size_t w = 0; w < 4; ++w) {
      const bool is_new = static_cast<uint16_t>(difference >> (16 * w)) != 0;
      changed[count] = static_cast<uint16_t>(new_quads[q] >> (16 * w));
      mask |= uint64_t{is_new} << (4 * q + w);
      count += is_new;
    }
  }
  append(out, &mask, sizeof mask);
  if (count > 0) append(out, changed.data(), 2 * count);
}

}  // namespace

void append_changes(std::string& out, std::string_view before, std::string_view after) {
  size_t at = 0;
  for (; after.size() - at >= kBlockBytes; at += kBlockBytes) append_block(out, before.data() + at, after.data() + at);
  out += after.substr(at);
}

bool take_block(std::string_view& bytes, BlockChanges& block) {
  if (bytes.size() < sizeof block.mask) return false;
  std::memcpy(&block.mask, bytes.data(), sizeof block.mask);
  const size_t size = sizeof block.mask + 2 * static_cast<size_t>(std::popcount(block.mask));
  if (bytes.size() < size) return false;
  block.words = bytes.data() + sizeof block.mask;
  bytes.remove_prefix(size);
  return true;
}

void apply(const BlockChanges& block, std::byte* target) {
  const char* word = block.words;
  for (uint64_t left = block.mask; left != 0; left &= left - 1, word += 2)
    std::memcpy(target + 2 * std::countr_zero(left), word, 2);
}

}  // namespace lockstep::rollout::remote
