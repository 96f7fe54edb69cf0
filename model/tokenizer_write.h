// SPDX-License-Identifier: Apache-2.0
// Writes a tokenizer.json that Hugging Face's tokenizers and transformers load.
#pragma once

#include <string>
#include <vector>

#include "model/parts_tokenizer.h"

namespace lockstep::model {

// tokenizer.json and tokenizer_config.json. Byte-level vocabularies give the same ids there. A SentencePiece vocabulary is
// written with merges sorted by score: the same ids but for ties, which SentencePiece breaks from left to right and
// tokenizers by the order of its list.
std::vector<TokenizerFile> tokenizer_files(const TokenizerParts& parts);

// The merges of a SentencePiece vocabulary, best score first: every way to make a piece of two others.
std::vector<std::string> merges_from_scores(const TokenizerParts& parts);
// The reverse, for formats that store scores: a piece made by a better merge scores higher.
std::vector<float> scores_from_merges(const TokenizerParts& parts);

}  // namespace lockstep::model
