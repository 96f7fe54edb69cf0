// SPDX-License-Identifier: Apache-2.0
// Word lists: simple words for the synthetic corpus, a dictionary for the spelling tasks, and what a dialogue and a chain of
// steps are written with in English and in Chinese.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::rewards {

// 80 frequent words of at most five lower-case letters.
const std::vector<std::string_view>& simple_words();
// About 300 lower-case words of 3 to 13 letters, many with repeated letters.
const std::vector<std::string_view>& dictionary_words();

enum class Tongue { english, chinese };
const char* tongue_code(Tongue tongue);          // en, zh: the codes of the reward `language`
Tongue tongue_from_code(std::string_view code);  // Error for any other
Tongue other_tongue(Tongue tongue);

struct ChainWords {
  std::string_view maybe, wait, first, then, so;
  std::string_view user, assistant;  // who speaks
};
const ChainWords& chain_words(Tongue tongue);

// Eight nouns of one Chinese character each. With those of chain_words they are 19 different
// characters, so that a vocabulary of 256 has room for them.
const std::vector<std::string_view>& chinese_words();

// "User: 6+8=?\nAssistant:", "用户: 6+8=?\n助手:"
std::string dialogue_prompt(std::string_view question, Tongue tongue);

}  // namespace lockstep::rewards
