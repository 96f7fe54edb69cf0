// SPDX-License-Identifier: Apache-2.0
// Random texts that are hard to tokenise, the same here and in tests/fixtures/make_tokenizer_fixtures.py.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lockstep::model {

// The n-th text depends only on (stream, n): words of many scripts, digits, white space of all kinds, contractions, code,
// combining marks, emoji, any scalar value, and texts that look like special tokens.
class RandomTexts {
 public:
  explicit RandomTexts(uint32_t stream);  // reads tests/fixtures/tokenizer/texts.json
  std::string text(uint32_t index) const;

 private:
  class Draws;
  const std::string& pick(Draws& draws, const char* list) const;
  void append_part(Draws& draws, std::string& out) const;

  uint32_t stream_;
  base::Json lists_;
};

// A folder under tests/fixtures/tokenizer.
std::string fixture_folder(std::string_view name);

}  // namespace lockstep::model
