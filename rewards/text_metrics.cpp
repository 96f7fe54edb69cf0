// SPDX-License-Identifier: Apache-2.0
// Word counts and the rewards that report them.
#include "rewards/text_metrics.h"

#include <algorithm>
#include <array>
#include <string>

#include "rewards/builtin.h"

namespace lockstep::rewards {
namespace {

constexpr std::array<std::string_view, 10> kReflectionWords = {"wait",  "mistake", "however", "but",      "retry",
                                                               "error", "verify",  "wrong",   "evaluate", "check"};
constexpr size_t kLongestWord = 8;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

int64_t count_reflection_words(std::string_view text) {
  int64_t count = 0;
  std::string word;
  for (size_t at = 0; at <= text.size(); ++at) {
    const char c = at < text.size() ? text[at] : ' ';
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if ((lower >= 'a' && lower <= 'z') || c == '\'') {
      if (word.size() <= kLongestWord) word += lower;
    } else {
      count += std::find(kReflectionWords.begin(), kReflectionWords.end(), word) != kReflectionWords.end() ? 1 : 0;
      word.clear();
    }
  }
  return count;
}

int64_t count_words(std::string_view text) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!is_space(text[at]) && (at == 0 || is_space(text[at - 1]))) ++count;
  }
  return count;
}

Score ReflectionWords::score(const Sample& sample) const {
  return {.value = static_cast<double>(count_reflection_words(sample.completion))};
}

}  // namespace lockstep::rewards
