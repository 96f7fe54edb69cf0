// SPDX-License-Identifier: Apache-2.0
// A tokenizer trained on the spot, which has ids for any text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "model/tokenizer.h"

namespace lockstep::test {

inline const model::Tokenizer& tiny_tokenizer() {
  static const std::shared_ptr<const model::Tokenizer> tokenizer = [] {
    std::vector<std::string> documents;
    for (int i = 0; i < 300; ++i)
      documents.push_back(cat("User: ", i, "+", i * 7 % 10, "=?\nAssistant: <think>wait</think><answer>", i + i * 7 % 10, "</answer> a word"));
    return model::train_tokenizer(documents, {.vocab_size = 320, .user_symbols = {"\n"}});
  }();
  return *tokenizer;
}

}  // namespace lockstep::test
