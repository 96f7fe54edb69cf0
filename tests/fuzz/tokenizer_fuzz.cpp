// SPDX-License-Identifier: Apache-2.0
// Fuzz target: tokenizer.json, and what a tokenizer that was accepted does with text and with chat formats.
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "model/chat_template.h"
#include "model/tokenizer_json.h"

namespace model = lockstep::model;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void use(const model::Tokenizer& tokenizer, const std::string& text) {
  for (const model::TokenId id : tokenizer.encode(text)) {
    require(id >= 0 && id < tokenizer.vocab_size());
    require(!tokenizer.is_special(id) || tokenizer.find("<unk>") == id);
  }
  tokenizer.decode(tokenizer.encode_with_special(text));
  for (const std::string& name : model::prompt_format_names()) {
    try {
      model::prompt_ids(tokenizer, {.name = name}, {{"user", text}});
      model::completion_ids(tokenizer, {.name = name}, text);
      model::stop_ids(tokenizer, {.name = name});
    } catch (const lockstep::Error&) {
    }
  }
}

}  // namespace

// The input is a tokenizer.json, a zero byte, a text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), size);
  const std::string text(input.substr(std::min(end + 1, size)));
  std::shared_ptr<const model::Tokenizer> tokenizer;
  try {
    const auto json = lockstep::base::parse_json(input.substr(0, end), "input");
    tokenizer = model::make_tokenizer(model::parse_tokenizer_json(json, "input"), "input");
  } catch (const lockstep::Error&) {
    return 0;
  }
  try {
    use(*tokenizer, text);
  } catch (const lockstep::Error&) {  // a text that the vocabulary cannot spell
  }
  return 0;
}
