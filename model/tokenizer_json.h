// SPDX-License-Identifier: Apache-2.0
// Reads Hugging Face's tokenizer.json.
#pragma once

#include <string>

#include "base/json.h"
#include "model/tokenizer_from_parts.h"

namespace lockstep::model {

// BPE models in two shapes: byte-level with one of the known pre-tokenizers, and SentencePiece-like (spaces written as
// U+2581 by the normaliser, no pre-tokenizer). Any other model, normaliser, pre-tokenizer or decoder is refused by name, an
// option that would change ids too. Ids without a token become unused pieces.
TokenizerParts parse_tokenizer_json(const base::Json& json, const std::string& origin);

}  // namespace lockstep::model
