// SPDX-License-Identifier: Apache-2.0
// SHA-256 by the x86 SHA extensions: a checkpoint of gigabytes is hashed several times faster.
#include <cpuid.h>
#include <immintrin.h>

#include "base/sha256_blocks.h"

namespace lockstep::base {

bool has_sha_extensions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  const bool has_sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
  return has_sha && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
}

namespace {

// One message. The instructions want the state as (a, b, e, f) and (c, d, g, h), highest lane first.
struct Message {
  __m128i abef, cdgh, abef_before, cdgh_before;
  __m128i w[4];  // the last 16 words of the schedule, four to a register
};

#define LOCKSTEP_SHA __attribute__((target("sha,sse4.1,ssse3")))

LOCKSTEP_SHA inline Message begin(const uint32_t state[8]) {
  const auto word = [&](int i) { return static_cast<int>(state[i]); };
  Message m{};
  m.abef = _mm_set_epi32(word(0), word(1), word(4), word(5));
  m.cdgh = _mm_set_epi32(word(2), word(3), word(6), word(7));
  return m;
}

LOCKSTEP_SHA inline void end(const Message& m, uint32_t state[8]) {
  alignas(16) uint32_t feba[4], hgdc[4];
  _mm_store_si128(reinterpret_cast<__m128i*>(feba), m.abef);
  _mm_store_si128(reinterpret_cast<__m128i*>(hgdc), m.cdgh);
  const uint32_t after[8] = {feba[3], feba[2], hgdc[3], hgdc[2], feba[1], feba[0], hgdc[1], hgdc[0]};
  for (int i = 0; i < 8; ++i) state[i] = after[i];
}

// Rounds 4 * i .. 4 * i + 3 of a block.
LOCKSTEP_SHA inline void four_rounds(Message& m, const uint8_t* block, int i) {
  __m128i& next = m.w[i & 3];
  if (i < 4) {
    const __m128i swap_bytes = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    next = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * i)), swap_bytes);
  } else {
    const __m128i words_7_back = _mm_alignr_epi8(m.w[(i + 3) & 3], m.w[(i + 2) & 3], 4);
    const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(next, m.w[(i + 1) & 3]), words_7_back);
    next = _mm_sha256msg2_epu32(sum, m.w[(i + 3) & 3]);
  }
  const __m128i k = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kSha256Round.data() + 4 * i));
  const __m128i wk = _mm_add_epi32(next, k);
  // Two rounds turn (abef, cdgh) into (new, abef): the names swap, and swap back.
  m.cdgh = _mm_sha256rnds2_epu32(m.cdgh, m.abef, wk);
  m.abef = _mm_sha256rnds2_epu32(m.abef, m.cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

LOCKSTEP_SHA inline void keep(Message& m) { m.abef_before = m.abef, m.cdgh_before = m.cdgh; }
LOCKSTEP_SHA inline void add(Message& m) {
  m.abef = _mm_add_epi32(m.abef, m.abef_before);
  m.cdgh = _mm_add_epi32(m.cdgh, m.cdgh_before);
}

}  // namespace

LOCKSTEP_SHA void sha256_blocks_x86(uint32_t state[8], const uint8_t* data, size_t num_blocks) {
  Message m = begin(state);
  for (; num_blocks > 0; --num_blocks, data += 64) {
    keep(m);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) four_rounds(m, data, i);
    add(m);
  }
  end(m, state);
}

LOCKSTEP_SHA void sha256_two_blocks_x86(
    uint32_t state_a[8], const uint8_t* a, uint32_t state_b[8], const uint8_t* b, size_t num_blocks) {
  Message first = begin(state_a), second = begin(state_b);
  for (; num_blocks > 0; --num_blocks, a += 64, b += 64) {
    keep(first), keep(second);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      four_rounds(first, a, i);
      four_rounds(second, b, i);
    }
    add(first), add(second);
  }
  end(first, state_a);
  end(second, state_b);
}

#undef LOCKSTEP_SHA

}  // namespace lockstep::base
