// SPDX-License-Identifier: Apache-2.0
// tokenizer.ggml.* -> Tokenizer.
#include "base/error.h"
#include "base/text.h"
#include "model/gguf_metadata.h"
#include "model/tokenizer_from_parts.h"

namespace lockstep::model {
namespace {

const std::string kPrefix = "tokenizer.ggml.";

std::optional<TokenId> token_id(const GgufMetadata& metadata, const std::string& name, size_t num_pieces) {
  const std::string key = cat(kPrefix, name, "_token_id");
  const auto id = metadata.integer(key);
  if (!id) return std::nullopt;
  if (*id < 0 || static_cast<uint64_t>(*id) >= num_pieces) {
    metadata.refuse(key, cat("the id ", *id, " is outside the vocabulary of ", num_pieces),
                    "fetch or write the file again");
  }
  return static_cast<TokenId>(*id);
}

std::vector<PieceKind> piece_kinds(const GgufMetadata& metadata, size_t num_pieces) {
  std::vector<PieceKind> kinds(num_pieces, PieceKind::normal);
  const auto* types = metadata.integers(kPrefix + "token_type");
  if (types == nullptr) return kinds;
  if (types->size() != num_pieces) {
    metadata.refuse(kPrefix + "token_type", cat(types->size(), " token types for ", num_pieces, " tokens"),
                    "fetch or write the file again");
  }
  for (size_t i = 0; i < num_pieces; ++i) {
    const int64_t type = (*types)[i];
    if (type < 1 || type > 6) {
      metadata.refuse(kPrefix + "token_type", cat("token ", i, " has the type ", type, ", which is not known"),
                      "fetch or write the file again");
    }
    kinds[i] = static_cast<PieceKind>(type);
  }
  return kinds;
}

void read_sentencepiece(const GgufMetadata& metadata, TokenizerParts& parts) {
  parts.model = TokenizerParts::Model::sentencepiece_bpe;
  const auto* scores = metadata.numbers(kPrefix + "scores");
  if (scores == nullptr || scores->size() != parts.pieces.size()) {
    metadata.refuse(kPrefix + "scores",
                    cat(scores == nullptr ? 0 : scores->size(), " scores for ", parts.pieces.size(), " tokens"),
                    "fetch or write the file again");
  }
  for (const double score : *scores) parts.scores.push_back(static_cast<float>(score));
  parts.add_space_prefix = metadata.flag(kPrefix + "add_space_prefix").value_or(true);  // llama.cpp's default
}

}  // namespace

std::shared_ptr<const Tokenizer> gguf_tokenizer(const GgufFile& file, const std::string& path) {
  const GgufMetadata metadata(file, path);
  const std::string* model = metadata.text(kPrefix + "model");
  if (model == nullptr || *model == "none" || *model == "no_vocab") return nullptr;
  const auto* pieces = metadata.texts(kPrefix + "tokens");
  if (pieces == nullptr) {
    metadata.refuse(kPrefix + "tokens", "the tokenizer has no tokens", "fetch or write the file again");
  }
  TokenizerParts parts;
  parts.pieces = *pieces;
  parts.kinds = piece_kinds(metadata, pieces->size());
  if (*model == "gpt2") {
    if (const auto* merges = metadata.texts(kPrefix + "merges")) parts.merges = *merges;
    if (const std::string* pre = metadata.text(kPrefix + "pre")) parts.pre = *pre;
  } else if (*model == "llama") {
    read_sentencepiece(metadata, parts);
  } else {
    metadata.refuse(kPrefix + "model", cat("the tokenizer \"", base::printable(*model), "\" is not supported"),
                    "give a file with a tokenizer of the kind gpt2 or llama");
  }
  parts.bos = token_id(metadata, "bos", parts.pieces.size());
  parts.eos = token_id(metadata, "eos", parts.pieces.size());
  parts.pad = token_id(metadata, "padding", parts.pieces.size());
  parts.unk = token_id(metadata, "unknown", parts.pieces.size());
  parts.add_bos = metadata.flag(kPrefix + "add_bos_token").value_or(*model == "llama");
  return make_tokenizer(std::move(parts), path);
}

}  // namespace lockstep::model
