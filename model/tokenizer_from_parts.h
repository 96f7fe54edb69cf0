// SPDX-License-Identifier: Apache-2.0
// Tokenizers made from their parts and taken apart again: the border between tokenizers and file formats (GGUF metadata,
// tokenizer.json, tokenizer.model).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/added_tokens.h"
#include "model/tokenizer.h"

namespace lockstep::model {

// Numbered as SentencePiece's ModelProto.SentencePiece.Type and as GGUF's tokenizer.ggml.token_type.
enum class PieceKind : int32_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct TokenizerParts {
  // GGUF: tokenizer.ggml.model "gpt2" is byte_level_bpe, "llama" is sentencepiece_bpe.
  enum class Model { byte_level_bpe, sentencepiece_bpe };
  Model model = Model::byte_level_bpe;

  // One entry per id. byte_level_bpe: normal pieces are written in GPT-2's byte alphabet ("Ġthe"), all others as the text
  // they stand for. sentencepiece_bpe: U+2581 stands for a space, byte pieces are "<0x00>" to "<0xFF>".
  std::vector<std::string> pieces = {};
  std::vector<PieceKind> kinds = {};  // as many as pieces; control and unknown pieces are the special tokens

  // "left right", best first. byte_level_bpe needs them; sentencepiece_bpe goes by them instead of by `scores` when there
  // are any (a tokenizer.json has merges, a tokenizer.model and a GGUF file have scores).
  std::vector<std::string> merges = {};
  // sentencepiece_bpe only, as many as pieces: the pair whose piece has the highest score is merged first.
  std::vector<float> scores = {};

  // byte_level_bpe only: one of pretokenizer_names(), as in GGUF's tokenizer.ggml.pre.
  std::string pre = "gpt-2";
  // byte_level_bpe only; nullopt: what `pre` implies. nfc: normalise to Unicode's NFC first ("qwen2"). ignore_merges: a
  // word that is a piece as a whole is taken as it is ("llama-bpe").
  std::optional<bool> nfc = {}, ignore_merges = {};

  bool add_space_prefix = false;  // sentencepiece_bpe only: a text is encoded as if a space stood before it
  // Tokens that are cut out of the text first. Empty: all control, unknown and user_defined pieces, with no flag set.
  std::vector<AddedToken> added = {};

  std::optional<TokenId> bos = {}, eos = {}, pad = {}, unk = {};
  bool add_bos = false;  // texts for this model begin with bos (Tokenizer::adds_bos); encode itself never adds it
};

// The values of TokenizerParts::pre: "gpt-2", "llama-bpe", "qwen2", "smollm", "deepseek-v3".
const std::vector<std::string>& pretokenizer_names();

// Checks every part (counts, kinds, ids in range, UTF-8, merges between known pieces, finite scores) and throws an Error
// whose `where` begins with `origin`, e.g. the GGUF file's path.
std::shared_ptr<const Tokenizer> make_tokenizer(TokenizerParts parts, const std::string& origin);

// The parts of any tokenizer that this folder makes, e.g. for GGUF export (`scores` are filled in for sentencepiece_bpe in
// any case). make_tokenizer(tokenizer_parts(t)) gives the same ids as t.
TokenizerParts tokenizer_parts(const Tokenizer& tokenizer);

}  // namespace lockstep::model
