// SPDX-License-Identifier: Apache-2.0
// A table from n-grams to evaluation texts; n-grams are compared as text, so that no hash can make two of them one.
#include "rewards/data/ngram_index.h"

#include <algorithm>

namespace lockstep::rewards::data {

void NgramIndex::add_gram(const Words& words, size_t first, size_t length) {
  const auto text = static_cast<uint32_t>(texts_.size() - 1);
  Entry& entry = entries_[words.gram(first, length)];
  entry.length = static_cast<uint32_t>(length);
  if (entry.places.empty() || entry.places.back().text != text) entry.places.push_back({text, static_cast<uint32_t>(first)});
}

bool NgramIndex::add(std::string_view text) {
  const Words& words = texts_.emplace_back(text, Symbols::drop);
  const size_t length = std::min(ngram_, words.size());
  if (length < std::min(kLeastWords, ngram_)) return false;
  for (size_t first = 0; first + length <= words.size(); ++first) add_gram(words, first, length);
  const auto place = std::lower_bound(lengths_.begin(), lengths_.end(), length);
  if (place == lengths_.end() || *place != length) lengths_.insert(place, length);
  return true;
}

std::string_view NgramIndex::gram_of(const Entry& entry) const {
  return texts_[entry.places[0].text].gram(entry.places[0].first, entry.length);
}

std::vector<NgramIndex::Hit> NgramIndex::find(const Words& words, size_t max_texts) const {
  std::vector<Hit> hits;
  std::vector<bool> seen;  // made at the first hit: most texts have none
  for (size_t first = 0; first < words.size(); ++first) {
    for (const size_t length : lengths_) {
      if (first + length > words.size()) break;
      const auto found = entries_.find(words.gram(first, length));
      if (found == entries_.end() || (max_texts != 0 && found->second.places.size() > max_texts)) continue;
      seen.resize(texts_.size());
      for (const Place& place : found->second.places) {
        if (!seen[place.text]) hits.push_back({place.text, gram_of(found->second)});
        seen[place.text] = true;
      }
    }
  }
  return hits;
}

std::vector<std::pair<std::string, size_t>> NgramIndex::most_shared(size_t count) const {
  std::vector<std::pair<std::string, size_t>> shared;
  for (const auto& [gram, entry] : entries_) {
    if (entry.places.size() > 1) shared.emplace_back(gram, entry.places.size());
  }
  std::sort(shared.begin(), shared.end(), [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a < b; });
  shared.resize(std::min(shared.size(), count));
  return shared;
}

}  // namespace lockstep::rewards::data
