// SPDX-License-Identifier: Apache-2.0
// The members of tokenizer.json in the order in which Hugging Face's tokenizers writes them.
#include "model/tokenizer_write.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "model/check_parts.h"
#include "model/piece_index.h"
#include "model/pretokenizer.h"
#include "model/tokenizer_config.h"
#include "model/unicode_classes.h"

namespace lockstep::model {
namespace {

using base::Json;

constexpr const char* kSpace = "\u2581";

Json replace(const std::string& from, const std::string& to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

Json added_tokens_json(const TokenizerParts& parts) {
  Json list = Json::array();
  const bool is_by_kind = parts.added.empty();
  std::vector<AddedToken> added = is_by_kind ? added_by_kind(parts) : parts.added;
  std::sort(added.begin(), added.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  for (const AddedToken& token : added) {
    // A user-defined piece with a written-out space can only be found where the text has them too: behind the normaliser.
    const bool has_space = is_by_kind && parts.model == TokenizerParts::Model::sentencepiece_bpe &&
                           token.content.find(kSpace) != std::string::npos && !token.special;
    list.push_back({{"id", token.id},
                    {"content", token.content},
                    {"single_word", token.single_word},
                    {"lstrip", token.lstrip},
                    {"rstrip", token.rstrip},
                    {"normalized", token.normalized || has_space},
                    {"special", token.special}});
  }
  return list;
}

Json normalizer_json(const TokenizerParts& parts) {
  if (parts.model == TokenizerParts::Model::byte_level_bpe) {
    const bool is_nfc = parts.nfc.value_or(pretokenizer_traits(parts.pre).nfc);
    return is_nfc ? Json{{"type", "NFC"}} : Json();
  }
  Json list = Json::array();
  if (parts.add_space_prefix) list.push_back({{"type", "Prepend"}, {"prepend", kSpace}});
  list.push_back(replace(" ", kSpace));
  return {{"type", "Sequence"}, {"normalizers", list}};
}

Json decoder_json(const TokenizerParts& parts) {
  if (parts.model == TokenizerParts::Model::byte_level_bpe) {
    return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  }
  Json list = Json::array();
  list.push_back(replace(kSpace, " "));
  list.push_back({{"type", "ByteFallback"}});
  list.push_back({{"type", "Fuse"}});
  if (parts.add_space_prefix) {
    list.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  return {{"type", "Sequence"}, {"decoders", list}};
}

Json post_processor_json(const TokenizerParts& parts) {
  if (!parts.add_bos) return Json();
  const std::string& bos = parts.pieces[static_cast<size_t>(*parts.bos)];
  const auto special = [&](int type_id) { return Json{{"SpecialToken", {{"id", bos}, {"type_id", type_id}}}}; };
  const auto sequence = [](const char* id, int type_id) {
    return Json{{"Sequence", {{"id", id}, {"type_id", type_id}}}};
  };
  return {{"type", "TemplateProcessing"},
          {"single", Json::array({special(0), sequence("A", 0)})},
          {"pair", Json::array({special(0), sequence("A", 0), special(1), sequence("B", 1)})},
          {"special_tokens", {{bos, {{"id", bos}, {"ids", Json::array({*parts.bos})}, {"tokens", Json::array({bos})}}}}}};
}

Json model_json(const TokenizerParts& parts) {
  const bool is_byte_level = parts.model == TokenizerParts::Model::byte_level_bpe;
  const bool has_bytes = std::find(parts.kinds.begin(), parts.kinds.end(), PieceKind::byte) != parts.kinds.end();
  Json vocab = Json::object();
  auto& members = vocab.get_ref<Json::object_t&>();
  members.reserve(parts.pieces.size());
  for (size_t id = 0; id < parts.pieces.size(); ++id) {
    if (parts.pieces[id].empty()) continue;
    // Past ordered_map's own insertion, which searches linearly.
    members.Json::object_t::Container::emplace_back(parts.pieces[id], id);
  }
  Json merges = Json::array();
  const bool needs_merges = !is_byte_level && parts.merges.empty();
  for (const std::string& merge : needs_merges ? merges_from_scores(parts) : parts.merges) {
    const size_t space = merge.find(' ');
    merges.push_back(Json::array({merge.substr(0, space), merge.substr(space + 1)}));
  }
  const bool ignores = is_byte_level && parts.ignore_merges.value_or(pretokenizer_traits(parts.pre).ignore_merges);
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", parts.unk ? Json(parts.pieces[static_cast<size_t>(*parts.unk)]) : Json()},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", !is_byte_level},
          {"byte_fallback", !is_byte_level && has_bytes},
          {"ignore_merges", ignores},
          {"vocab", std::move(vocab)},
          {"merges", std::move(merges)}};
}

}  // namespace

std::vector<TokenizerFile> tokenizer_files(const TokenizerParts& parts) {
  const bool is_byte_level = parts.model == TokenizerParts::Model::byte_level_bpe;
  const Json json = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", added_tokens_json(parts)},
                     {"normalizer", normalizer_json(parts)},
                     {"pre_tokenizer", is_byte_level ? pretokenizer_json(parts.pre) : Json()},
                     {"post_processor", post_processor_json(parts)},
                     {"decoder", decoder_json(parts)},
                     {"model", model_json(parts)}};
  return {{"tokenizer.json", json.dump(1) + "\n"},
          {"tokenizer_config.json", make_tokenizer_config(parts)}};
}

std::vector<std::string> merges_from_scores(const TokenizerParts& parts) {
  struct Entry {
    float score;
    size_t left_bytes;
    std::string text;
  };
  const PieceIndex index(parts.pieces);
  const auto is_text = [&](std::string_view piece) {
    const auto id = index.find(piece);
    return id && parts.kinds[static_cast<size_t>(*id)] == PieceKind::normal;
  };
  std::vector<Entry> entries;
  for (size_t id = 0; id < parts.pieces.size(); ++id) {
    if (parts.kinds[id] != PieceKind::normal) continue;
    const std::string_view piece = parts.pieces[id];
    for (size_t at = first_code_point_bytes(piece); at < piece.size(); at += first_code_point_bytes(piece.substr(at))) {
      const std::string_view left = piece.substr(0, at), right = piece.substr(at);
      if (is_text(left) && is_text(right)) entries.push_back({parts.scores[id], at, cat(left, ' ', right)});
    }
  }
  // Of the ways to make one piece, the longest left part first: in a run of equal letters that is the leftmost one, which
  // SentencePiece takes.
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.score, a.left_bytes) > std::pair(b.score, b.left_bytes);
  });
  std::vector<std::string> merges;
  for (Entry& entry : entries) merges.push_back(std::move(entry.text));
  return merges;
}

std::vector<float> scores_from_merges(const TokenizerParts& parts) {
  std::vector<float> scores(parts.pieces.size(), 0.0f);
  const PieceIndex index(parts.pieces);
  std::vector<bool> is_set(parts.pieces.size(), false);
  for (size_t rank = 0; rank < parts.merges.size(); ++rank) {
    std::string product = parts.merges[rank];
    product.erase(product.find(' '), 1);
    const auto id = index.find(product);
    if (!id || is_set[static_cast<size_t>(*id)]) continue;
    scores[static_cast<size_t>(*id)] = -1.0f - static_cast<float>(rank);
    is_set[static_cast<size_t>(*id)] = true;
  }
  return scores;
}

}  // namespace lockstep::model
