// SPDX-License-Identifier: Apache-2.0
// Counting in completions, for the log: the curves of length and reflection that R1-Zero is known for.
#pragma once

#include <cstdint>
#include <string_view>

namespace lockstep::rewards {

// Occurrences of wait, mistake, however, but, retry, error, verify, wrong, evaluate, check: whole words, in any case. The
// list of the R1-Zero analysis. A word is a run of ASCII letters and apostrophes.
int64_t count_reflection_words(std::string_view text);

// Runs of characters that are not white space.
int64_t count_words(std::string_view text);

}  // namespace lockstep::rewards
