// SPDX-License-Identifier: Apache-2.0
// The files of a tokenizer; tokenizer_config.json says which tokens begin, end and pad a text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/parts_tokenizer.h"

namespace lockstep::model {

// The small files of a tokenizer that `folder` holds, as bytes, in a fixed order; save() writes them back. Folders without
// tokenizer.json and tokenizer.model give an Error.
std::vector<TokenizerFile> read_tokenizer_files(const std::string& folder);
const TokenizerFile* find_file(const std::vector<TokenizerFile>& files, std::string_view name);

// Overrides bos, eos, pad, unk and add_bos by what tokenizer_config.json (else special_tokens_map.json) says. A named token
// that is no piece is an Error. Keys that are absent leave the parts as they are; null clears.
void apply_tokenizer_config(const std::vector<TokenizerFile>& files, const std::string& folder, TokenizerParts& parts);

// The tokenizer that these files make up, tokenizer.json before tokenizer.model. `folder` is where Errors point.
std::shared_ptr<const Tokenizer> make_tokenizer_from_files(std::vector<TokenizerFile> files, const std::string& folder);

// A tokenizer_config.json with which transformers loads the tokenizer.json beside it.
std::string make_tokenizer_config(const TokenizerParts& parts);

}  // namespace lockstep::model
