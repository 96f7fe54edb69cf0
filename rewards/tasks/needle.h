// SPDX-License-Identifier: Apache-2.0
// A needle in a haystack: a pass key somewhere in filler text, asked for at its end (Mohtashami and Jaggi 2023, arXiv:2305.16300).
#pragma once

#include <cstdint>
#include <string>

#include "base/rng.h"

namespace lockstep::rewards {

struct NeedleText {
  std::string haystack;  // filler, the needle, filler
  std::string key;       // `digits` digits, the first is not 0
};

// Filler of `num_words` words in sentences; the needle stands behind the first `depth` (0 to 1) of them. `is_terse`: "Key
// 48213." for tiny models, otherwise "The pass key is 48213. Remember it." The filler of fewer words is the beginning of that of
// more, so that a caller can fit a text to a number of tokens. A pure function of its arguments.
NeedleText needle_text(uint64_t key, int64_t num_words, double depth, int64_t digits, bool is_terse);

// The haystack and what asks for the key; terse as the tiny runs' dialogue: "User: .. Key?\nAssistant:".
std::string needle_prompt(const NeedleText& text, bool is_terse);

}  // namespace lockstep::rewards
