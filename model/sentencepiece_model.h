// SPDX-License-Identifier: Apache-2.0
// Reads `tokenizer.model` (SentencePiece's ModelProto) without the SentencePiece library.
//
// Debian 12's library (0.1.97) has a memory-safety fault for hostile models (CVE-2026-1260), so no byte of a model file
// ever reaches it: the file is walked and checked here, and model/sentencepiece_tokenizer.h encodes. The library is used
// only to train (its input is our own text) and, in tests, as the oracle.
#pragma once

#include <string>
#include <string_view>

#include "model/tokenizer_from_parts.h"

namespace lockstep::model {

// BPE models with identity normalisation, which is what the llama family ships. Everything else is refused by name:
// unigram, word and character models, a precompiled normalisation map, removal of extra spaces, restricted vocabularies.
TokenizerParts parse_sentencepiece_model(std::string_view bytes, const std::string& origin);

}  // namespace lockstep::model
