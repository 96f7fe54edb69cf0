// SPDX-License-Identifier: Apache-2.0
// A chain of worked steps, apart from its words: as the corpus of one language writes it, and with words of English or
// Chinese, which may change in the middle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/tasks/words.h"

namespace lockstep::rewards {

struct ChainStep {
  std::string equation;    // "8+2=10"
  std::string repaired{};  // a wrong equation that is written before it and taken back; empty: none
};

struct Chain {
  std::optional<int64_t> guess{};  // comes first and is doubted: "maybe 18 wait"
  std::vector<ChainStep> steps{};  // may be empty where there is a guess
  int64_t result = 0;              // what the last step says; wrong when an error was carried on
};

// Symbols only, but for maybe, wait and So: "maybe 18 wait 2+6=8,8+2=10". With `concludes` ". So 10" follows.
std::string terse_chain(const Chain& chain, bool concludes);

// With a word before each step: "maybe 18 wait first 2+6=8 then 8+2=10", with `concludes` " so 10". Words number `num_before`
// and later are of `later`, those before it of `early`.
struct WordedChain {
  std::string text;
  int num_words = 0;
};
WordedChain worded_chain(const Chain& chain, bool concludes, Tongue early, Tongue later, int num_before);

}  // namespace lockstep::rewards
