// SPDX-License-Identifier: Apache-2.0
// Tokens that are cut out of the text before anything else happens: special tokens, and whole words added to a vocabulary.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer.h"

namespace lockstep::model {

// An entry of tokenizer.json's "added_tokens"; the flags are Hugging Face's.
struct AddedToken {
  TokenId id = 0;
  std::string content = "";
  bool special = false;
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // takes the white space behind it along
  bool normalized = false;   // looked for after normalisation instead of before
};

// A stretch of text, or the token that stands there (text is then what it covered).
struct TextPart {
  std::string_view text;
  std::optional<TokenId> id;
};

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);  // contents not empty, no two alike

  // The parts of `text` in order, none empty; at each place the longest token wins. Special tokens stay text unless
  // `with_special`. The views point into `text`.
  std::vector<TextPart> split(std::string_view text, bool with_special) const;

  const std::vector<AddedToken>& tokens() const { return tokens_; }  // by content

 private:
  const AddedToken* longest_at(std::string_view text) const;

  std::vector<AddedToken> tokens_;
  std::array<bool, 256> is_first_byte_{};
};

}  // namespace lockstep::model
