// SPDX-License-Identifier: Apache-2.0
// Pre-tokenisation: cuts text into the words inside which byte-level BPE merges, exactly as Hugging Face's tokenizers does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lockstep::model {

class Pretokenizer {
 public:
  // `name` is one of pretokenizer_names().
  explicit Pretokenizer(std::string_view name);
  ~Pretokenizer();

  // The words of well-formed UTF-8, in order: together they are the whole text. The views point into `text`.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  class Step;
  std::vector<std::unique_ptr<Step>> steps_;
};

// What a name stands for besides its words.
struct PretokenizerTraits {
  bool nfc = false;            // text is normalised to NFC first
  bool ignore_merges = false;  // a word that is a piece as a whole is taken as it is
};
PretokenizerTraits pretokenizer_traits(std::string_view name);

// The "pre_tokenizer" of a tokenizer.json, and the name of one: patterns are recognised by their exact text. An unknown
// combination is nullopt.
base::Json pretokenizer_json(std::string_view name);
std::optional<std::string> pretokenizer_name(const base::Json& json);

}  // namespace lockstep::model
