// SPDX-License-Identifier: Apache-2.0
// Two word lists: simple words for the synthetic corpus, and a dictionary for the spelling tasks.
#pragma once

#include <string_view>
#include <vector>

namespace lockstep::rewards {

// 80 frequent words of at most five lower-case letters.
const std::vector<std::string_view>& simple_words();
// About 300 lower-case words of 3 to 13 letters, many with repeated letters.
const std::vector<std::string_view>& dictionary_words();

}  // namespace lockstep::rewards
