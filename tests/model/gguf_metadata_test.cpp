// SPDX-License-Identifier: Apache-2.0
// GGUF keys as a config and as a tokenizer: each fault is refused with its key.
#include "model/gguf_metadata.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "tests/model/raw_gguf.h"
#include "tests/support/errors.h"

namespace lockstep::model {
namespace {

using test::gguf_pair;
using test::gguf_text;
using test::gguf_text_pair;
using test::gguf_u32_pair;
using test::little_endian;

constexpr uint32_t kU32 = 4, kI32 = 5, kF32 = 6, kString = 8, kArray = 9;

std::string array_pair(const std::string& key, uint32_t type, const std::vector<std::string>& elements) {
  std::string value = little_endian(type, 4) + little_endian(elements.size(), 8);
  for (const std::string& element : elements) value += element;
  return gguf_pair(key, kArray, value);
}

std::string i32(int32_t value) { return little_endian(static_cast<uint32_t>(value), 4); }

GgufFile parse(const test::RawGguf& raw) {
  const std::string bytes = raw.bytes();
  return parse_gguf({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "x.gguf");
}

// A pair that spoils a good file (none: something is missing), and the Error that names its key.
struct Fault {
  std::string pair, what, key;
  std::string fix = "fetch or write the file again";
};

// A tokenizer of two tokens with each of the faults. Those in the list of tokens stand in its place.
void tokenizer_refused(const char* kind, const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    CAPTURE(fault.what);
    test::RawGguf raw;
    raw.pairs = {gguf_text_pair("tokenizer.ggml.model", kind)};
    if (fault.key != "tokenizer.ggml.tokens") {
      raw.pairs.push_back(array_pair("tokenizer.ggml.tokens", kString, {gguf_text("a"), gguf_text("b")}));
    }
    if (!fault.pair.empty()) raw.pairs.push_back(fault.pair);
    test::check_error([&] { gguf_tokenizer(parse(raw), "x.gguf"); }, fault.what, "x.gguf: key " + fault.key, fault.fix);
  }
}

// A model that scales by YaRN with each of the faults.
void config_refused(const std::string& arch, const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    CAPTURE(fault.what);
    test::RawGguf raw;
    raw.pairs = {gguf_text_pair("general.architecture", arch)};
    for (const char* key : {"context_length", "embedding_length", "block_count", "attention.head_count"}) {
      raw.pairs.push_back(gguf_u32_pair(cat(arch, ".", key), 8));
    }
    raw.pairs.push_back(gguf_text_pair(arch + ".rope.scaling.type", "yarn"));
    if (!fault.pair.empty()) raw.pairs.push_back(fault.pair);
    raw.tensors = {{"token_embd.weight", {8, 1}}};
    raw.data = std::string(32, '\0');
    test::check_error([&] { gguf_to_hf_config(parse(raw), "x.gguf", {}); }, fault.what, "x.gguf: key " + fault.key,
                      fault.fix);
  }
}

}  // namespace

TEST_CASE("gguf metadata: a value of another kind than the key's is refused, for every kind") {
  const auto no = [](const std::string& key, const char* kind) { return cat("the value of ", key, " is no ", kind); };
  const std::string base = "tokenizer.ggml.";
  tokenizer_refused(
      "gpt2",
      {{gguf_text_pair(base + "bos_token_id", "1"), no(base + "bos_token_id", "integer"), base + "bos_token_id"},
       {gguf_u32_pair(base + "add_bos_token", 1), no(base + "add_bos_token", "bool"), base + "add_bos_token"},
       {gguf_u32_pair(base + "pre", 1), no(base + "pre", "string"), base + "pre"},
       {array_pair(base + "token_type", kF32, {i32(0), i32(0)}), no(base + "token_type", "array of integers"),
        base + "token_type"},
       {array_pair(base + "tokens", kU32, {i32(0)}), no(base + "tokens", "array of strings"), base + "tokens"}});
  tokenizer_refused("llama", {{array_pair(base + "scores", kI32, {i32(0), i32(0)}),
                               no(base + "scores", "array of numbers"), base + "scores"}});
  config_refused("llama", {{gguf_text_pair("llama.rope.freq_base", "x"), no("llama.rope.freq_base", "number"),
                            "llama.rope.freq_base"}});
}

TEST_CASE("gguf metadata: a tokenizer's lists are as long as its vocabulary and its ids inside it") {
  const std::string type = "tokenizer.ggml.token_type", scores = "tokenizer.ggml.scores";
  tokenizer_refused(
      "gpt2", {{"", "the tokenizer has no tokens", "tokenizer.ggml.tokens"},
               {array_pair(type, kI32, {i32(1)}), "1 token types for 2 tokens", type},
               {array_pair(type, kI32, {i32(1), i32(7)}), "token 1 has the type 7, which is not known", type},
               {array_pair(type, kI32, {i32(0), i32(1)}), "token 0 has the type 0, which is not known", type},
               {gguf_pair("tokenizer.ggml.unknown_token_id", kI32, i32(-1)), "the id -1 is outside the vocabulary of 2",
                "tokenizer.ggml.unknown_token_id"},
               {gguf_u32_pair("tokenizer.ggml.padding_token_id", 2), "the id 2 is outside the vocabulary of 2",
                "tokenizer.ggml.padding_token_id"}});
  tokenizer_refused("llama", {{"", "0 scores for 2 tokens", scores},
                              {array_pair(scores, kF32, {i32(0), i32(0), i32(0)}), "3 scores for 2 tokens", scores}});
  tokenizer_refused("bert", {{"", "the tokenizer \"bert\" is not supported", "tokenizer.ggml.model", "gpt2 or llama"}});
}

TEST_CASE("gguf metadata: a YaRN that we would compute differently and missing numbers are refused") {
  const std::string factor = "llama.rope.scaling.attn_factor";
  const std::string converter = "with a converter that adds it";
  config_refused("llama", {{gguf_pair(factor, kF32, little_endian(0x3f000000, 4)),
                            "an attn_factor other than 1 is not supported", factor, "use the original checkpoint"},
                           {"", "llama.rope.scaling.original_context_length is missing",
                            "llama.rope.scaling.original_context_length", converter},
                           {gguf_u32_pair("llama.rope.scaling.original_context_length", 8),
                            "llama.feed_forward_length is missing", "llama.feed_forward_length", converter}});
  config_refused("qwen3moe", {{gguf_u32_pair("qwen3moe.rope.scaling.original_context_length", 8),
                               "qwen3moe.expert_count is missing", "qwen3moe.expert_count", converter}});
}

}  // namespace lockstep::model
