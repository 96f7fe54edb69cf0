// SPDX-License-Identifier: Apache-2.0
// Counting n-grams exactly: n-grams are numbered from (n-1)-grams, so that no hash can make two of them one.
#include "rewards/repetition.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace lockstep::rewards {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

uint64_t pair_key(int32_t first, int32_t second) {
  return (static_cast<uint64_t>(static_cast<uint32_t>(first)) << 32) | static_cast<uint32_t>(second);
}

// A number for each pair of neighbours at this distance, equal for equal pairs. Sorted, not hashed: no text can make it slow.
std::vector<int32_t> join_pairs(const std::vector<int32_t>& grams, const std::vector<int32_t>& tails, size_t distance) {
  std::vector<uint64_t> keys;
  for (size_t i = 0; i + distance < tails.size() && i < grams.size(); ++i) keys.push_back(pair_key(grams[i], tails[i + distance]));
  std::vector<uint64_t> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<int32_t> joined;
  for (const uint64_t key : keys) {
    joined.push_back(static_cast<int32_t>(std::lower_bound(sorted.begin(), sorted.end(), key) - sorted.begin()));
  }
  return joined;
}

// Numbers of all n-grams, by doubling: an n-gram is two halves, so that a large n costs log n passes.
std::vector<int32_t> number_grams(const std::vector<int32_t>& items, size_t n) {
  std::vector<int32_t> power = items, grams;  // of 2^k items; of the bits of n seen so far
  size_t length = 0;
  for (size_t bit = 1; bit <= n; bit *= 2) {
    if ((n & bit) != 0) {
      grams = length == 0 ? power : join_pairs(grams, power, length);
      length += bit;
    }
    if (bit * 2 <= n) power = join_pairs(power, power, bit);
  }
  return grams;
}

}  // namespace

double repeated_share(std::span<const int32_t> items, size_t n) {
  if (n == 0 || items.size() < n) return 0;
  std::vector<int32_t> grams = number_grams({items.begin(), items.end()}, n);
  const auto total = static_cast<double>(grams.size());
  std::sort(grams.begin(), grams.end());
  return 1 - static_cast<double>(std::unique(grams.begin(), grams.end()) - grams.begin()) / total;
}

std::vector<int32_t> number_words(std::string_view text) {
  std::map<std::string, int32_t> numbers;
  std::vector<int32_t> words;
  std::string word;
  for (size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && !is_space(text[at])) {
      word += lower(text[at]);
    } else if (!word.empty()) {
      words.push_back(numbers.try_emplace(word, static_cast<int32_t>(numbers.size())).first->second);
      word.clear();
    }
  }
  return words;
}

Score Repetition::score(const Sample& sample) const {
  const bool has_tokens = !sample.ids.empty() || sample.completion.empty();
  if (config_.unit == "tokens" && !has_tokens) return {.status = Status::skip, .detail = "the tokens are not known"};
  const auto n = static_cast<size_t>(config_.ngram_size);
  const bool by_tokens = config_.unit != "words" && has_tokens;
  const double share = by_tokens ? repeated_share(sample.ids, n) : repeated_share(number_words(sample.completion), n);
  return {.value = share == 0 ? 0 : share * config_.max_penalty};
}

}  // namespace lockstep::rewards
