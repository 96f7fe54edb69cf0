// SPDX-License-Identifier: Apache-2.0
// Tokens are named by text there, either as a string or as an object with a "content".
#include "model/tokenizer_config.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

using base::Json;

constexpr size_t kMaxFileBytes = size_t{64} << 20;

// What is found under a key, and where; null pointer when it is nowhere.
struct Member {
  const Json* value = nullptr;
  std::string where = {};
};

// Members of tokenizer_config.json, else of special_tokens_map.json.
struct Configs {
  Json config, map;
  std::string folder;

  Member find(const char* key) const {
    for (const auto& [json, name] : {std::pair(&config, "tokenizer_config.json"), {&map, "special_tokens_map.json"}}) {
      if (json->is_object() && json->contains(key)) return {&json->at(key), cat(folder, "/", name, ": ", key)};
    }
    return {};
  }
};

Json parse_if_there(const std::vector<TokenizerFile>& files, const std::string& folder, const char* name) {
  const TokenizerFile* file = find_file(files, name);
  if (file == nullptr) return Json();
  Json json = base::parse_json(file->content, folder + "/" + name);
  if (!json.is_object()) {
    throw Error(cat("an object was expected, not ", json.type_name()), folder + "/" + name, "fetch the file again");
  }
  return json;
}

void apply_token(const Configs& configs, const char* key, const TokenizerParts& parts, std::optional<TokenId>& id) {
  auto [value, where] = configs.find(key);
  if (value == nullptr) return;
  if (value->is_object() && value->contains("content")) value = &value->at("content");
  if (value->is_null()) {
    id.reset();
    return;
  }
  if (!value->is_string()) {
    throw Error(cat("a token's text was expected, not ", value->type_name()), where, "fetch the file again");
  }
  const auto& text = value->get_ref<const std::string&>();
  const auto at = std::find(parts.pieces.begin(), parts.pieces.end(), text);
  if (at == parts.pieces.end()) {
    throw Error(cat("token \"", base::printable(text), "\" is not in the vocabulary"), where,
                "name a token of the vocabulary, or null for none");
  }
  id = static_cast<TokenId>(at - parts.pieces.begin());
}

}  // namespace

std::vector<TokenizerFile> read_tokenizer_files(const std::string& folder) {
  constexpr std::array<const char*, 8> kNames{"tokenizer.json", "tokenizer.model", "tokenizer_config.json",
                                              "special_tokens_map.json", "added_tokens.json", "vocab.json",
                                              "merges.txt", "chat_template.jinja"};
  std::vector<TokenizerFile> files;
  for (const char* name : kNames) {
    const std::string path = folder + "/" + name;
    if (std::filesystem::exists(path)) files.push_back({name, base::read_file(path, kMaxFileBytes)});
  }
  if (find_file(files, "tokenizer.json") == nullptr && find_file(files, "tokenizer.model") == nullptr) {
    throw Error("there is neither a tokenizer.json nor a tokenizer.model", folder,
                "give a model folder that holds its tokenizer");
  }
  return files;
}

const TokenizerFile* find_file(const std::vector<TokenizerFile>& files, std::string_view name) {
  const auto at = std::find_if(files.begin(), files.end(), [&](const TokenizerFile& f) { return f.name == name; });
  return at == files.end() ? nullptr : &*at;
}

void apply_tokenizer_config(const std::vector<TokenizerFile>& files, const std::string& folder, TokenizerParts& parts) {
  const Configs configs{parse_if_there(files, folder, "tokenizer_config.json"),
                        parse_if_there(files, folder, "special_tokens_map.json"), folder};
  apply_token(configs, "bos_token", parts, parts.bos);
  apply_token(configs, "eos_token", parts, parts.eos);
  apply_token(configs, "pad_token", parts, parts.pad);
  apply_token(configs, "unk_token", parts, parts.unk);
  if (const Member add_bos = configs.find("add_bos_token"); add_bos.value != nullptr && !add_bos.value->is_null()) {
    if (!add_bos.value->is_boolean()) {
      throw Error(cat("true or false was expected, not ", add_bos.value->type_name()), add_bos.where,
                  "fetch the file again");
    }
    parts.add_bos = add_bos.value->get<bool>() && parts.bos.has_value();
  }
  if (!parts.bos) parts.add_bos = false;
}

std::string make_tokenizer_config(const TokenizerParts& parts) {
  const auto text_of = [&](std::optional<TokenId> id) {
    return id ? Json(parts.pieces[static_cast<size_t>(*id)]) : Json();
  };
  const Json json = {{"tokenizer_class", "PreTrainedTokenizerFast"},
               {"bos_token", text_of(parts.bos)},
               {"eos_token", text_of(parts.eos)},
               {"pad_token", text_of(parts.pad)},
               {"unk_token", text_of(parts.unk)},
               {"add_bos_token", parts.add_bos},
               {"add_eos_token", false},
               {"clean_up_tokenization_spaces", false}};
  return json.dump(2) + "\n";
}

}  // namespace lockstep::model
