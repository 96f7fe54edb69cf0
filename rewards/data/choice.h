// SPDX-License-Identifier: Apache-2.0
// Which rows are kept where there are too many: of one prompt, and of one class.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::rewards::data {

struct RowFacts {
  uint64_t prompt;    // hash of the folded prompt
  uint32_t num_words; // of the completion
  uint32_t class_of;  // number of the value of the column to balance by
};

// is_in[i]: row i takes part. Both return the rows that are left, in the same form; ties go to the earlier row.

// At most `count` rows of each prompt. first: the earliest; shortest; random: keyed by seed and prompt; spread: from the shortest
// to the longest at equal distances in rank.
std::vector<bool> choose_per_prompt(const std::vector<RowFacts>& rows, std::vector<bool> is_in, size_t count,
                                    const std::string& choice, uint64_t seed);

// At most `count` random rows of each class; 0: as many as the rarest class has.
std::vector<bool> choose_per_class(const std::vector<RowFacts>& rows, std::vector<bool> is_in, size_t count, uint64_t seed);

}  // namespace lockstep::rewards::data
