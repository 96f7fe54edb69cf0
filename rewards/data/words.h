// SPDX-License-Identifier: Apache-2.0
// A text as words for comparing: case, white space, Unicode forms and, where asked, punctuation make no difference.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::rewards::data {

enum class Symbols {
  keep,  // each symbol or punctuation mark is a word of its own: 3+4 is not 3-4. Unicode's canonical forms are equal (NFD)
  drop,  // they separate words and vanish; compatibility forms are equal too (NFKD): full width, ligatures, superscripts
};

// Words joined by single spaces; word i is text[begins[i], begins[i + 1] - 1), so that an n-gram is one piece of `text`.
class Words {
 public:
  // A word is a run of letters, marks and numbers, case folded. A letter of a script without spaces (Han, kana, Thai) is a word
  // of its own. What Unicode calls ignorable (zero-width, soft hyphens) is dropped. Ill-formed UTF-8 counts as U+FFFD. Linear,
  // but for the sorting of combining marks.
  Words(std::string_view text, Symbols symbols);

  size_t size() const { return begins_.size() - 1; }
  const std::string& text() const { return text_; }
  // Words first ... first + count - 1; first + count <= size(), count >= 1.
  std::string_view gram(size_t first, size_t count) const {
    return std::string_view(text_).substr(begins_[first], begins_[first + count] - 1 - begins_[first]);
  }

 private:
  void add_ascii(std::string_view text, Symbols symbols);
  void add_unicode(std::string_view text, Symbols symbols);
  void end_word();
  std::string text_;
  std::vector<uint32_t> begins_ = {0};
};

// A keyed 64-bit hash (SipHash-1-3 with a fixed key of ours): for tables, and for what is compared as a hash.
uint64_t hash_text(std::string_view text, uint64_t key = 0);

}  // namespace lockstep::rewards::data
