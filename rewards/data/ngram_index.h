// SPDX-License-Identifier: Apache-2.0
// The word n-grams of evaluation texts, to be found in other texts.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rewards/data/words.h"

namespace lockstep::rewards::data {

// DeepSeekMath, section 2.1 (arXiv:2402.03300): a text is contaminated when it shares an n-gram of words with an evaluation
// text, n = 10; an evaluation text of fewer words, but at least 3, must occur in it as a whole. Words have no symbols (Symbols::
// drop), so that white space, LaTeX marks and punctuation hide nothing.
class NgramIndex {
 public:
  static constexpr size_t kLeastWords = 3;
  explicit NgramIndex(size_t ngram) : ngram_(ngram) {}

  // Adds an evaluation text; false when it has too few words to be looked for.
  bool add(std::string_view text);
  size_t num_texts() const { return texts_.size(); }

  struct Hit {
    uint32_t text;           // number of the evaluation text, in the order of add
    std::string_view ngram;  // what both have, folded; valid as long as the index
  };
  // One hit for each evaluation text that shares something, in the order of its first place in `words`. N-grams that more than
  // `max_texts` evaluation texts have are left out: they belong to a template. 0: none is left out.
  std::vector<Hit> find(const Words& words, size_t max_texts) const;

  // N-grams that many evaluation texts share, the most frequent first.
  std::vector<std::pair<std::string, size_t>> most_shared(size_t count) const;

 private:
  struct Place {
    uint32_t text, first;
  };
  struct Entry {
    uint32_t length;            // words
    std::vector<Place> places;  // at most one for each text
  };
  std::string_view gram_of(const Entry& entry) const;
  void add_gram(const Words& words, size_t first, size_t length);

  size_t ngram_;
  std::deque<Words> texts_;  // addresses stay
  std::unordered_map<std::string_view, Entry> entries_;  // by the n-gram, which is a piece of the first text that has it
  std::vector<size_t> lengths_;  // that occur, ascending
};

}  // namespace lockstep::rewards::data
