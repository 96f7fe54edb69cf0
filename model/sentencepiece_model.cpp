// SPDX-License-Identifier: Apache-2.0
// Field numbers: sentencepiece_model.proto of SentencePiece 0.1.97.
#include "model/sentencepiece_model.h"

#include <array>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "model/check_parts.h"
#include "model/protobuf_reader.h"

namespace lockstep::model {
namespace {

constexpr uint64_t kBpe = 2;  // TrainerSpec.ModelType

struct Reader {
  const std::string& origin;
  TokenizerParts parts;
  uint64_t model_type = 1;  // unigram, the proto's default
  bool has_byte_fallback = false;
  std::string bos = "<s>", eos = "</s>", unk = "<unk>", pad = "<pad>";

  [[noreturn]] void refuse(const std::string& what, const std::string& field, const std::string& fix) const {
    throw Error(what, cat(origin, ": ", field), fix);
  }

  void piece(ProtobufReader message);
  void trainer_spec(ProtobufReader message);
  void normalizer_spec(ProtobufReader message);
  void denormalizer_spec(ProtobufReader message) const;
  void finish();
};

void Reader::piece(ProtobufReader message) {
  const size_t id = parts.pieces.size();
  if (id == kMaxPieces) {
    refuse(cat("more than ", kMaxPieces, " pieces"), "pieces", "the file is damaged or no tokenizer: fetch it again");
  }
  std::string text;
  float score = 0;
  uint64_t kind = 1;
  while (message.next()) {
    if (message.field() == 1) text = message.bytes();
    if (message.field() == 2) score = message.float32();
    if (message.field() == 3) kind = message.varint();
  }
  if (kind < 1 || kind > 6) {
    refuse(cat("piece type ", kind, " is not one of 1 to 6"), cat("pieces[", id, "]"), "fetch the file again");
  }
  if (kind == static_cast<uint64_t>(PieceKind::unused)) {
    refuse(cat("piece \"", base::printable(text), "\" is of type UNUSED: the vocabulary was restricted"),
           cat("pieces[", id, "]"), "use the model file with its whole vocabulary");
  }
  parts.pieces.push_back(std::move(text));
  parts.scores.push_back(score);
  parts.kinds.push_back(static_cast<PieceKind>(kind));
}

void Reader::trainer_spec(ProtobufReader message) {
  while (message.next()) {
    switch (message.field()) {
      case 3: model_type = message.varint(); break;
      case 24:
        if (message.boolean()) {
          refuse("spaces belong to the end of words in this model, which is not supported",
                 "trainer_spec.treat_whitespace_as_suffix", "use a tokenizer.json of the same model, if it has one");
        }
        break;
      case 35: has_byte_fallback = message.boolean(); break;
      case 45: unk = message.bytes(); break;
      case 46: bos = message.bytes(); break;
      case 47: eos = message.bytes(); break;
      case 48: pad = message.bytes(); break;
      default: break;
    }
  }
}

// Defaults of the proto: all three switches are on.
void Reader::normalizer_spec(ProtobufReader message) {
  bool adds_prefix = true, removes_spaces = true, escapes_spaces = true;
  size_t charsmap_bytes = 0;
  while (message.next()) {
    if (message.field() == 2) charsmap_bytes = message.bytes().size();
    if (message.field() == 3) adds_prefix = message.boolean();
    if (message.field() == 4) removes_spaces = message.boolean();
    if (message.field() == 5) escapes_spaces = message.boolean();
  }
  if (charsmap_bytes > 0) {
    refuse(cat("a precompiled normalisation map of ", charsmap_bytes, " bytes is not supported, only identity"),
           "normalizer_spec.precompiled_charsmap", "use a tokenizer.json of the same model, if it has one");
  }
  if (removes_spaces) {
    refuse("removal of extra spaces is not supported: it would change the text",
           "normalizer_spec.remove_extra_whitespaces", "use a tokenizer.json of the same model, if it has one");
  }
  if (!escapes_spaces) {
    refuse("pieces with plain spaces are not supported", "normalizer_spec.escape_whitespaces",
           "use a tokenizer.json of the same model, if it has one");
  }
  parts.add_space_prefix = adds_prefix;
}

void Reader::denormalizer_spec(ProtobufReader message) const {
  while (message.next()) {
    if (message.field() == 2 && !message.bytes().empty()) {
      refuse("a denormalisation map is not supported", "denormalizer_spec.precompiled_charsmap",
             "use a tokenizer.json of the same model, if it has one");
    }
  }
}

void Reader::finish() {
  if (model_type != kBpe) {
    constexpr std::array<const char*, 5> kNames{"unknown", "unigram", "bpe", "word", "char"};
    refuse(cat("SentencePiece model type ", model_type < kNames.size() ? kNames[model_type] : kNames[0],
               " is not supported, only bpe"),
           "trainer_spec.model_type", "use a tokenizer.json of the same model, if it has one");
  }
  bool has_bytes = false;
  for (size_t id = 0; id < parts.pieces.size(); ++id) {
    const auto known_as = [&](const std::string& name, PieceKind kind) {
      return parts.kinds[id] == kind && parts.pieces[id] == name;
    };
    const auto token = static_cast<TokenId>(id);
    if (known_as(bos, PieceKind::control)) parts.bos = token;
    if (known_as(eos, PieceKind::control)) parts.eos = token;
    if (known_as(pad, PieceKind::control)) parts.pad = token;
    if (known_as(unk, PieceKind::unknown)) parts.unk = token;
    has_bytes |= parts.kinds[id] == PieceKind::byte;
  }
  if (has_bytes != has_byte_fallback) {
    refuse(cat("byte_fallback is ", has_byte_fallback ? "on" : "off", " but byte pieces are ",
               has_bytes ? "there" : "missing"),
           "trainer_spec.byte_fallback", "the file is damaged: fetch it again");
  }
}

}  // namespace

TokenizerParts parse_sentencepiece_model(std::string_view bytes, const std::string& origin) {
  Reader reader{.origin = origin, .parts = {}};
  reader.parts.model = TokenizerParts::Model::sentencepiece_bpe;
  bool has_normalizer = false;
  ProtobufReader message(bytes, origin);
  while (message.next()) {
    switch (message.field()) {
      case 1: reader.piece(message.message()); break;
      case 2: reader.trainer_spec(message.message()); break;
      case 3:
        reader.normalizer_spec(message.message());
        has_normalizer = true;
        break;
      case 5: reader.denormalizer_spec(message.message()); break;
      default: break;  // self-test data and extensions
    }
  }
  if (!has_normalizer) reader.normalizer_spec(ProtobufReader("", origin));  // its defaults
  reader.finish();
  return std::move(reader.parts);
}

}  // namespace lockstep::model
