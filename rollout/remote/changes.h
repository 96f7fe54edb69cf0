// SPDX-License-Identifier: Apache-2.0
// What differs between two versions of the weights, as bytes: a step of training changes few words of a bf16 model.
//
// A stream is cut into blocks of 64 words of two bytes. Each block gives a u64 whose bit i says that word i is another one,
// then the new values of these words. The bytes behind the last whole block follow as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::rollout::remote {

inline constexpr size_t kBlockWords = 64, kBlockBytes = 2 * kBlockWords;

// Appends what makes `after` of `before`, which have the same length. Neither is changed.
void append_changes(std::string& out, std::string_view before, std::string_view after);

// One block's changes at the head of `bytes`, taken off it. False when they are not all there.
struct BlockChanges {
  uint64_t mask = 0;
  const char* words = nullptr;  // popcount(mask) of them, unaligned
};
bool take_block(std::string_view& bytes, BlockChanges& block);

// Puts the new words into the kBlockBytes bytes at `target`.
void apply(const BlockChanges& block, std::byte* target);

}  // namespace lockstep::rollout::remote
