// SPDX-License-Identifier: Apache-2.0
// Developer's tool: reads JSON lines {"text": "..."} and prints the ids of each, for comparison with other tokenizers.
//
//   tokenize_lines FOLDER [--special] < texts.jsonl > ids.jsonl      encode, or encode_with_special
//   tokenize_lines --train FOLDER VOCAB_SIZE < texts.jsonl           train_tokenizer, saved to FOLDER
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "model/tokenizer.h"

namespace lockstep::model {
namespace {

std::vector<std::string> read_texts() {
  std::vector<std::string> texts;
  for (std::string line; std::getline(std::cin, line);) {
    texts.push_back(base::parse_json(line, "standard input").at("text").get<std::string>());
  }
  return texts;
}

void print_ids(const Tokenizer& tokenizer, bool with_special) {
  for (const std::string& text : read_texts()) {
    const auto ids = with_special ? tokenizer.encode_with_special(text) : tokenizer.encode(text);
    std::cout << base::Json(ids).dump() << "\n";
  }
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 3 && arguments[0] == "--train") {
    TokenizerTraining training{.vocab_size = std::stoll(arguments[2]), .user_symbols = {"\n"}};
    train_tokenizer(read_texts(), training)->save(arguments[1]);
    return 0;
  }
  if (arguments.empty() || arguments.size() > 2) {
    std::cerr << "usage: tokenize_lines FOLDER [--special] < texts.jsonl\n";
    return 2;
  }
  print_ids(*load_tokenizer(arguments[0]), arguments.size() == 2 && arguments[1] == "--special");
  return 0;
}

}  // namespace
}  // namespace lockstep::model

int main(int argc, char** argv) {
  try {
    return lockstep::model::run({argv + 1, argv + argc});
  } catch (const lockstep::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
