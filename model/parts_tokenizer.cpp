// SPDX-License-Identifier: Apache-2.0
// The order of Hugging Face's tokenizers: added tokens out of the raw text, normalise, added tokens again, then pieces.
#include "model/parts_tokenizer.h"

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "model/tokenizer_write.h"

namespace lockstep::model {

PartsTokenizer::PartsTokenizer(TokenizerParts parts, std::vector<TokenizerFile> files)
    : parts_(std::move(parts)), index_(parts_.pieces), files_(std::move(files)) {}

void PartsTokenizer::set_added(std::vector<AddedToken> raw, std::vector<AddedToken> normalized) {
  raw_ = AddedTokens(std::move(raw));
  normalized_ = AddedTokens(std::move(normalized));
}

std::vector<TokenId> PartsTokenizer::encode_parts(std::string_view text, bool with_special) const {
  std::string repaired;
  if (!base::is_utf8(text)) text = repaired = base::repair_utf8(text);
  std::vector<TokenId> ids;
  for (const TextPart& part : raw_.split(text, with_special)) {
    if (part.id) {
      ids.push_back(*part.id);
      continue;
    }
    const std::string normal = normalize(part.text);
    for (const TextPart& inner : normalized_.split(normal, with_special)) {
      if (inner.id) {
        ids.push_back(*inner.id);
      } else {
        encode_plain(inner.text, ids);
      }
    }
  }
  return ids;
}

std::string PartsTokenizer::decode(const std::vector<TokenId>& ids, bool skip_special) const {
  std::string text;
  for (const TokenId id : ids) {
    if (skip_special && is_special(id)) continue;
    text += piece(id);
  }
  return text;
}

const std::string& PartsTokenizer::piece_text(TokenId id) const {
  if (id < 0 || id >= vocab_size()) {
    throw Error(cat("token id ", id, " is not in the vocabulary of ", vocab_size(), " pieces"), "tokenizer",
                "decode with the tokenizer that belongs to the model");
  }
  return parts_.pieces[static_cast<size_t>(id)];
}

bool PartsTokenizer::is_special(TokenId id) const {
  if (id < 0 || id >= vocab_size()) return false;
  const PieceKind kind = parts_.kinds[static_cast<size_t>(id)];
  return kind == PieceKind::control || kind == PieceKind::unknown;
}

void PartsTokenizer::save(const std::string& folder) const {
  base::make_folders(folder);
  for (const TokenizerFile& file : files_.empty() ? tokenizer_files(parts_) : files_) {
    base::write_file_atomic(folder + "/" + file.name, file.content);
  }
}

}  // namespace lockstep::model
