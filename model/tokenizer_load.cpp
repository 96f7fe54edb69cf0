// SPDX-License-Identifier: Apache-2.0
// load_tokenizer and make_tokenizer: every way to a tokenizer goes through TokenizerParts and its checks.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "model/bpe_tokenizer.h"
#include "model/check_parts.h"
#include "model/sentencepiece_model.h"
#include "model/sentencepiece_tokenizer.h"
#include "model/tokenizer_config.h"
#include "model/tokenizer_json.h"
#include "model/tokenizer_write.h"

namespace lockstep::model {
namespace {

// A token that is named as bos, eos, pad or unk is special, whatever the vocabulary says: text must not become it.
void make_special(std::optional<TokenId> id, PieceKind as, TokenizerParts& parts) {
  if (!id) return;
  PieceKind& kind = parts.kinds[static_cast<size_t>(*id)];
  if (kind == PieceKind::control || kind == PieceKind::unknown) return;
  kind = as;
  if (parts.added.empty()) return;  // all special pieces are added tokens then
  const auto at = std::find_if(parts.added.begin(), parts.added.end(), [&](const AddedToken& t) { return t.id == *id; });
  if (at != parts.added.end()) {
    at->special = true;
  } else {
    parts.added.push_back({.id = *id, .content = parts.pieces[static_cast<size_t>(*id)], .special = true});
  }
}

std::shared_ptr<const Tokenizer> make(TokenizerParts parts, std::vector<TokenizerFile> files, const std::string& origin) {
  check_parts(parts, origin);
  for (const auto id : {parts.bos, parts.eos, parts.pad}) make_special(id, PieceKind::control, parts);
  make_special(parts.unk, PieceKind::unknown, parts);
  if (parts.model == TokenizerParts::Model::byte_level_bpe) {
    return std::make_shared<BpeTokenizer>(std::move(parts), std::move(files), origin);
  }
  return std::make_shared<SentencePieceTokenizer>(std::move(parts), std::move(files), origin);
}

}  // namespace

std::shared_ptr<const Tokenizer> make_tokenizer_from_files(std::vector<TokenizerFile> files, const std::string& folder) {
  const TokenizerFile* json = find_file(files, "tokenizer.json");
  const std::string origin = folder + (json != nullptr ? "/tokenizer.json" : "/tokenizer.model");
  TokenizerParts parts;
  if (json != nullptr) {
    parts = parse_tokenizer_json(base::parse_json(json->content, origin), origin);
  } else {
    parts = parse_sentencepiece_model(find_file(files, "tokenizer.model")->content, origin);
    parts.add_bos = parts.bos.has_value();  // the llama family's custom, unless tokenizer_config.json says otherwise
  }
  apply_tokenizer_config(files, folder, parts);
  return make(std::move(parts), std::move(files), origin);
}

std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& folder) {
  return make_tokenizer_from_files(read_tokenizer_files(folder), folder);
}

std::shared_ptr<const Tokenizer> make_tokenizer(TokenizerParts parts, const std::string& origin) {
  return make(std::move(parts), {}, origin);
}

TokenizerParts tokenizer_parts(const Tokenizer& tokenizer) {
  const auto* known = dynamic_cast<const PartsTokenizer*>(&tokenizer);
  LOCKSTEP_CHECK(known != nullptr, "a tokenizer that was not made by model/");
  TokenizerParts parts = known->parts();
  const bool needs_scores = parts.model == TokenizerParts::Model::sentencepiece_bpe && parts.scores.empty();
  if (needs_scores) parts.scores = scores_from_merges(parts);
  return parts;
}

}  // namespace lockstep::model
