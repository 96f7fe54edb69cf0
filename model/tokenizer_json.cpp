// SPDX-License-Identifier: Apache-2.0
// One function per member of the file; each Error's `where` is "origin: member".
#include "model/tokenizer_json.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "model/check_parts.h"
#include "model/pretokenizer.h"

namespace lockstep::model {
namespace {

using base::Json;

constexpr const char* kSpace = "\u2581";
constexpr const char* kFetchAgain = "the file is damaged or no tokenizer: fetch it again";
constexpr const char* kUseKnown = "use a model of the llama, qwen, smollm or deepseek families, or its tokenizer.model";

struct Reader {
  const Json& json;
  const std::string& origin;
  TokenizerParts parts;
  std::string unk;

  [[noreturn]] void fail(const std::string& what, const std::string& member, const std::string& fix) const {
    throw Error(what, cat(origin, ": ", member), fix);
  }
  const Json& member(const Json& object, const char* key, const std::string& path) const;
  template <class T>
  T get(const Json& object, const char* key, const std::string& path, T otherwise) const;
  TokenId id_of(const Json& value, const std::string& path) const;
  void put(TokenId id, const std::string& text, const std::string& path);

  void model();
  void vocab(const Json& object);
  void merges(const Json& list);
  void added_tokens();
  void kinds();
  void byte_level();
  void sentencepiece();
  bool spaces_from_normalizer(const Json& normalizer);
  void post_processor();
};

std::string type_of(const Json& part) {
  return part.is_object() && part.contains("type") && part["type"].is_string() ? part["type"].get<std::string>() : "";
}

// How an unsupported part is named in an Error: its type, or its text when that is short.
std::string name_of(const Json& part) {
  const std::string text = part.dump();
  return text.size() <= 400 ? text : type_of(part);
}

const Json& Reader::member(const Json& object, const char* key, const std::string& path) const {
  static const Json null;
  if (!object.is_object()) fail(cat("an object was expected, not ", object.type_name()), path, kFetchAgain);
  return object.contains(key) ? object[key] : null;
}

// A member of type T; `otherwise` when it is absent or null.
template <class T>
T Reader::get(const Json& object, const char* key, const std::string& path, T otherwise) const {
  const Json& value = member(object, key, path);
  if (value.is_null()) return otherwise;
  const bool fits = std::is_same_v<T, bool> ? value.is_boolean() : value.is_string();
  if (!fits) {
    fail(cat("a ", std::is_same_v<T, bool> ? "boolean" : "string", " was expected, not ", value.type_name()),
         cat(path, ".", key), kFetchAgain);
  }
  return value.get<T>();
}

TokenId Reader::id_of(const Json& value, const std::string& path) const {
  if (!value.is_number_integer() || value < 0 || value >= kMaxPieces) {
    fail(cat("id ", value.dump(), " is not an integer from 0 to ", kMaxPieces - 1), path, kFetchAgain);
  }
  return value.get<TokenId>();
}

void Reader::put(TokenId id, const std::string& text, const std::string& path) {
  const auto at = static_cast<size_t>(id);
  if (at >= parts.pieces.size()) parts.pieces.resize(at + 1);
  if (!parts.pieces[at].empty() && parts.pieces[at] != text) {
    fail(cat("id ", id, " has two pieces, \"", base::printable(parts.pieces[at]), "\" and \"", base::printable(text), '"'),
         path, kFetchAgain);
  }
  parts.pieces[at] = text;
}

void Reader::vocab(const Json& object) {
  if (!object.is_object()) fail(cat("an object was expected, not ", object.type_name()), "model.vocab", kFetchAgain);
  for (const auto& [text, id] : object.items()) {
    const std::string path = cat("model.vocab[\"", base::printable(text), "\"]");
    if (text.empty()) fail("an empty piece", path, kFetchAgain);
    put(id_of(id, path), text, path);
  }
}

void Reader::merges(const Json& list) {
  if (!list.is_array()) fail(cat("an array was expected, not ", list.type_name()), "model.merges", kFetchAgain);
  parts.merges.reserve(list.size());
  for (const Json& merge : list) {
    const bool is_pair = merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
    if (is_pair) {
      parts.merges.push_back(cat(merge[0].get_ref<const std::string&>(), ' ', merge[1].get_ref<const std::string&>()));
    } else if (merge.is_string()) {
      parts.merges.push_back(merge.get<std::string>());
    } else {
      fail(cat("merge ", base::printable(name_of(merge)), " is neither a string nor a pair of strings"),
           cat("model.merges[", parts.merges.size(), "]"), kFetchAgain);
    }
  }
}

void Reader::model() {
  const Json& model = member(json, "model", "file");
  const std::string type = get<std::string>(model, "type", "model", "");
  if (type != "BPE") {
    fail(cat("model \"", base::printable(type), "\" is not supported, only BPE"), "model.type", kUseKnown);
  }
  if (const Json& dropout = member(model, "dropout", "model"); !dropout.is_null() && dropout != 0.0) {
    fail(cat("dropout ", dropout.dump(), " would make ids depend on chance"), "model.dropout", "set it to null");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const auto text = get<std::string>(model, key, "model", "");
    if (!text.empty()) {
      fail(cat(key, " \"", base::printable(text), "\" is not supported"), cat("model.", key), kUseKnown);
    }
  }
  unk = get<std::string>(model, "unk_token", "model", "");
  parts.ignore_merges = get(model, "ignore_merges", "model", false);
  vocab(member(model, "vocab", "model"));
  merges(member(model, "merges", "model"));
}

void Reader::added_tokens() {
  const Json& list = member(json, "added_tokens", "file");
  if (list.is_null()) return;
  if (!list.is_array()) fail(cat("an array was expected, not ", list.type_name()), "added_tokens", kFetchAgain);
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string path = cat("added_tokens[", i, "]");
    AddedToken token{.id = id_of(member(list[i], "id", path), path + ".id"),
                     .content = get<std::string>(list[i], "content", path, ""),
                     .special = get(list[i], "special", path, false),
                     .single_word = get(list[i], "single_word", path, false),
                     .lstrip = get(list[i], "lstrip", path, false),
                     .rstrip = get(list[i], "rstrip", path, false),
                     .normalized = get(list[i], "normalized", path, true)};
    if (token.content.empty()) fail("a token without content", path + ".content", kFetchAgain);
    put(token.id, token.content, path);
    parts.added.push_back(std::move(token));
  }
}

void Reader::kinds() {
  parts.kinds.assign(parts.pieces.size(), PieceKind::normal);
  for (size_t id = 0; id < parts.pieces.size(); ++id) {
    if (parts.pieces[id].empty()) parts.kinds[id] = PieceKind::unused;
    if (!unk.empty() && parts.pieces[id] == unk) parts.unk = static_cast<TokenId>(id);
  }
  for (const AddedToken& token : parts.added) {
    parts.kinds[static_cast<size_t>(token.id)] = token.special ? PieceKind::control : PieceKind::user_defined;
  }
  if (!unk.empty() && !parts.unk) {
    fail(cat("unk_token \"", base::printable(unk), "\" is not in the vocabulary"), "model.unk_token", kFetchAgain);
  }
}

void Reader::byte_level() {
  parts.model = TokenizerParts::Model::byte_level_bpe;
  const Json& pre_tokenizer = member(json, "pre_tokenizer", "file");
  const auto name = pretokenizer_name(pre_tokenizer);
  if (!name) {
    fail(cat("pre-tokenizer ", base::printable(name_of(pre_tokenizer)), " is not supported"), "pre_tokenizer",
         cat("use a model with the pre-tokenizer of one of: ", base::join(pretokenizer_names(), ", ")));
  }
  parts.pre = *name;
  const Json& normalizer = member(json, "normalizer", "file");
  std::vector<Json> steps;
  if (type_of(normalizer) == "Sequence" && member(normalizer, "normalizers", "normalizer").is_array()) {
    steps.assign(normalizer["normalizers"].begin(), normalizer["normalizers"].end());
  } else if (!normalizer.is_null()) {
    steps.push_back(normalizer);
  }
  for (const Json& step : steps) {
    if (type_of(step) != "NFC") {
      fail(cat("normalizer ", base::printable(name_of(step)), " is not supported, only NFC"), "normalizer", kUseKnown);
    }
  }
  parts.nfc = !steps.empty();
}

// Prepend and Replace as the llama family has them: true when the normaliser is exactly that.
bool Reader::spaces_from_normalizer(const Json& normalizer) {
  const Json replace = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kSpace}};
  const Json prepend = {{"type", "Prepend"}, {"prepend", kSpace}};
  if (normalizer == replace) return true;
  if (type_of(normalizer) != "Sequence" || !normalizer.contains("normalizers")) return false;
  parts.add_space_prefix = normalizer["normalizers"] == Json::array({prepend, replace});
  return parts.add_space_prefix || normalizer["normalizers"] == Json::array({replace});
}

void Reader::sentencepiece() {
  parts.model = TokenizerParts::Model::sentencepiece_bpe;
  const Json& normalizer = member(json, "normalizer", "file");
  const Json& pre_tokenizer = member(json, "pre_tokenizer", "file");
  if (!spaces_from_normalizer(normalizer)) {
    fail(cat("normalizer ", base::printable(name_of(normalizer)), " is not supported"), "normalizer", kUseKnown);
  }
  if (!pre_tokenizer.is_null()) {
    fail(cat("pre-tokenizer ", base::printable(name_of(pre_tokenizer)), " is not supported"), "pre_tokenizer",
         kUseKnown);
  }
  const Json& model = json["model"];
  const bool has_bytes = get(model, "byte_fallback", "model", false);
  if (!has_bytes && !get(model, "fuse_unk", "model", false)) {
    fail("neither byte_fallback nor fuse_unk is on, which is not supported", "model.fuse_unk", kUseKnown);
  }
  if (*parts.ignore_merges) fail("ignore_merges without a pre-tokenizer is not supported", "model.ignore_merges", kUseKnown);
  for (size_t id = 0; has_bytes && id < parts.pieces.size(); ++id) {
    if (byte_of_piece(parts.pieces[id])) parts.kinds[id] = PieceKind::byte;
  }
  if (parts.unk && parts.kinds[static_cast<size_t>(*parts.unk)] == PieceKind::control) {
    parts.kinds[static_cast<size_t>(*parts.unk)] = PieceKind::unknown;
  }
}

// A template that begins with a special token names bos and asks for it.
void Reader::post_processor() {
  const Json* processor = &member(json, "post_processor", "file");
  if (type_of(*processor) == "Sequence" && member(*processor, "processors", "post_processor").is_array()) {
    const auto& list = (*processor)["processors"];
    const auto at = std::find_if(list.begin(), list.end(),
                                 [](const Json& part) { return type_of(part) == "TemplateProcessing"; });
    if (at != list.end()) processor = &*at;
  }
  if (type_of(*processor) != "TemplateProcessing") return;
  const Json& single = member(*processor, "single", "post_processor");
  if (!single.is_array() || single.empty() || !single[0].is_object() || !single[0].contains("SpecialToken")) return;
  const auto text = get<std::string>(single[0]["SpecialToken"], "id", "post_processor.single[0].SpecialToken", "");
  const auto at = std::find(parts.pieces.begin(), parts.pieces.end(), text);
  if (text.empty() || at == parts.pieces.end()) {
    fail(cat("token \"", base::printable(text), "\" is not in the vocabulary"), "post_processor.single[0]", kFetchAgain);
  }
  parts.bos = static_cast<TokenId>(at - parts.pieces.begin());
  parts.add_bos = true;
}

}  // namespace

TokenizerParts parse_tokenizer_json(const Json& json, const std::string& origin) {
  Reader reader{.json = json, .origin = origin, .parts = {}, .unk = {}};
  reader.model();
  reader.added_tokens();
  reader.kinds();
  const Json& decoder = reader.member(json, "decoder", "file");
  if (type_of(decoder) == "ByteLevel") {
    reader.byte_level();
  } else if (type_of(decoder) == "Sequence") {
    reader.sentencepiece();
  } else {
    reader.fail(cat("decoder ", base::printable(name_of(decoder)), " is not supported"), "decoder", kUseKnown);
  }
  reader.post_processor();
  return std::move(reader.parts);
}

}  // namespace lockstep::model
