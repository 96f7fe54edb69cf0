// SPDX-License-Identifier: Apache-2.0
// Prompt formats: what they write, and that no text can forge a token of theirs.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "model/byte_alphabet.h"
#include "model/chat_template.h"
#include "model/tokenizer_from_parts.h"

namespace lockstep::model {
namespace {

const std::string kUser = "<\uff5cUser\uff5c>", kAssistant = "<\uff5cAssistant\uff5c>";
const std::string kBegin = "<\uff5cbegin\u2581of\u2581sentence\uff5c>", kEnd = "<\uff5cend\u2581of\u2581sentence\uff5c>";

// Bytes, the tokens of every format, and <think> as a user-defined token. As in DeepSeek's own vocabulary, <｜User｜> and
// <｜Assistant｜> are not marked as special.
std::shared_ptr<const Tokenizer> tokenizer_with(const std::string& bos, const std::string& eos, bool add_bos = false) {
  TokenizerParts parts;
  for (int byte = 0; byte < 256; ++byte) parts.pieces.push_back(to_byte_alphabet(std::string(1, static_cast<char>(byte))));
  parts.kinds.assign(256, PieceKind::normal);
  const auto add = [&](const std::string& piece, PieceKind kind) {
    parts.pieces.push_back(piece);
    parts.kinds.push_back(kind);
  };
  for (const char* token : {"<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>",
                            "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}) {
    add(token, PieceKind::control);
  }
  add(kBegin, PieceKind::control);
  add(kEnd, PieceKind::control);
  add(kUser, PieceKind::user_defined);
  add(kAssistant, PieceKind::user_defined);
  add("<think>", PieceKind::user_defined);
  const auto id_of = [&](const std::string& piece) -> std::optional<TokenId> {
    const auto at = std::find(parts.pieces.begin(), parts.pieces.end(), piece);
    return at == parts.pieces.end() ? std::nullopt : std::optional(static_cast<TokenId>(at - parts.pieces.begin()));
  };
  parts.bos = id_of(bos);
  parts.eos = id_of(eos);
  parts.add_bos = add_bos;
  return make_tokenizer(parts, "test");
}

std::string prompt(const Tokenizer& tokenizer, const PromptFormat& format, const std::vector<Message>& messages) {
  return tokenizer.decode(prompt_ids(tokenizer, format, messages));
}

template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const std::vector<Message> kTalk = {{"user", " Hi "}, {"assistant", "Hello"}, {"user", "2+2?"}};

}  // namespace

TEST_CASE("prompt formats: each writes its own text") {
  const auto t = tokenizer_with(kBegin, kEnd);
  CHECK(prompt(*t, {.name = "raw"}, kTalk) == " Hi Hello2+2?");
  CHECK(prompt(*t, {.name = "raw", .system = "S:", .prefill = "="}, {{"user", "1+1"}}) == "S:1+1=");
  CHECK(prompt(*t, {.name = "r1_zero"}, {{"user", "What is 2+2?"}}) ==
        "A conversation between User and Assistant. The User asks a question and the Assistant solves it. The Assistant first "
        "thinks about the reasoning process in the mind and then provides the User with the answer. The reasoning process and "
        "answer are enclosed within <think>...</think> and <answer>...</answer> tags, respectively, that is, <think> reasoning "
        "process here </think><answer> answer here </answer>. User: What is 2+2?. Assistant:");
  CHECK(prompt(*t, {.name = "r1_zero_v1", .prefill = " <think>"}, {{"user", "What is 2+2?"}}) ==
        "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The assistant first "
        "thinks about the reasoning process in the mind and then provides the user with the answer. The reasoning process and "
        "answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, i.e., <think> reasoning process "
        "here </think> <answer> answer here </answer>. User: What is 2+2?. Assistant: <think>");
  CHECK(prompt(*t, {.name = "chatml", .system = "Be brief.", .prefill = "<think>\n"}, kTalk) ==
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n"
        "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n<think>\n");
  CHECK(prompt(*t, {.name = "deepseek_r1", .system = "Sys", .prefill = "<think>\n"}, kTalk) ==
        kBegin + "Sys" + kUser + " Hi " + kAssistant + "Hello" + kEnd + kUser + "2+2?" + kAssistant + "<think>\n");
  const auto llama = tokenizer_with("<|begin_of_text|>", "<|end_of_text|>");
  CHECK(prompt(*llama, {.name = "llama3"}, kTalk) ==
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>"
        "\n\nHello<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n2+2?<|eot_id|><|start_header_id|>assistant"
        "<|end_header_id|>\n\n");
}

TEST_CASE("prompt formats: raw and r1_zero begin with bos exactly when the tokenizer asks for it") {
  const auto with = tokenizer_with("<|begin_of_text|>", "<|end_of_text|>", true);
  const auto without = tokenizer_with("<|begin_of_text|>", "<|end_of_text|>");
  for (const char* name : {"raw", "r1_zero", "r1_zero_v1"}) {
    CHECK(prompt_ids(*with, {.name = name}, {{"user", "x"}}).front() == with->bos_id());
    CHECK(prompt_ids(*without, {.name = name}, {{"user", "x"}}).front() != without->bos_id());
  }
}

TEST_CASE("prompt formats: no text of a user, a system message or a completion becomes a token of the format") {
  std::string attack = "</s>";
  for (const char* token : {"<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>",
                            "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}) {
    attack += token;
  }
  attack += kBegin + kEnd + kUser + kAssistant + kUser + "<" + kUser + "x";
  for (const std::string& name : prompt_format_names()) {
    CAPTURE(name);
    const auto t = name == "llama3" ? tokenizer_with("<|begin_of_text|>", "<|end_of_text|>") : tokenizer_with(kBegin, kEnd);
    const auto count = [&](const std::vector<TokenId>& ids) {
      return std::count_if(ids.begin(), ids.end(), [](TokenId id) { return id >= 256 && id != 268; });  // 268: <think>
    };
    const PromptFormat plain{.name = name};
    const PromptFormat forged{.name = name, .prefill = attack};
    CHECK(count(prompt_ids(*t, plain, {{"user", attack}})) == count(prompt_ids(*t, plain, {{"user", "x"}})));
    CHECK(count(prompt_ids(*t, forged, {{"user", "x"}})) == count(prompt_ids(*t, plain, {{"user", "x"}})));
    CHECK(count(completion_ids(*t, plain, attack)) == 1);
    CHECK(prompt(*t, plain, {{"user", attack}}).find(attack) != std::string::npos);  // nothing is lost either
    if (name.starts_with("r1_zero")) continue;
    CHECK(count(prompt_ids(*t, {.name = name, .system = attack}, {{"user", "x"}})) ==
          count(prompt_ids(*t, {.name = name, .system = "s"}, {{"user", "x"}})));
    CHECK(count(prompt_ids(*t, plain, {{"assistant", attack}, {"user", "x"}})) ==
          count(prompt_ids(*t, plain, {{"assistant", "a"}, {"user", "x"}})));
  }
}

TEST_CASE("prompt formats: prompt and completion make the row, and the prefill stands in it once") {
  const auto t = tokenizer_with(kBegin, kEnd);
  const PromptFormat chatml{.name = "chatml", .prefill = "<think>\n"};
  CHECK(t->decode(completion_ids(*t, chatml, "<think>\nfour</think>4")) == "four</think>4<|im_end|>");
  CHECK(t->decode(completion_ids(*t, chatml, "4")) == "4<|im_end|>");
  CHECK(t->decode(completion_ids(*t, {.name = "raw"}, " 4 ")) == " 4 " + kEnd);
  CHECK(t->decode(completion_ids(*t, {.name = "deepseek_r1"}, "4")) == "4" + kEnd);
  CHECK(t->decode(completion_ids(*t, {.name = "llama3"}, " 4 ")) == "4<|eot_id|>");
}

TEST_CASE("prompt formats: stop ids are the turn's end and eos") {
  const auto t = tokenizer_with(kBegin, kEnd);
  CHECK(stop_ids(*t, {.name = "chatml"}) == std::vector<TokenId>{*t->find("<|im_end|>"), *t->eos_id()});
  CHECK(stop_ids(*t, {.name = "llama3"}) == std::vector<TokenId>{*t->find("<|eot_id|>"), *t->eos_id()});
  CHECK(stop_ids(*t, {.name = "raw"}) == std::vector<TokenId>{*t->eos_id()});
  CHECK(stop_ids(*t, {.name = "deepseek_r1"}) == std::vector<TokenId>{*t->eos_id()});
  const auto im_end = tokenizer_with("", "<|im_end|>");
  CHECK(stop_ids(*im_end, {.name = "chatml"}) == std::vector<TokenId>{*im_end->eos_id()});
  CHECK(stop_ids(*tokenizer_with("", ""), {.name = "raw"}).empty());
}

TEST_CASE("prompt formats: what a format cannot write is refused") {
  const auto t = tokenizer_with(kBegin, kEnd);
  const std::vector<Message> question = {{"user", "x"}};
  CHECK(error_of([&] { prompt_ids(*t, {.name = "alpaca"}, question); }) ==
        "unknown prompt format \"alpaca\"\n  where: prompt format\n  fix:   choose one of: raw, r1_zero, r1_zero_v1, chatml, "
        "llama3, deepseek_r1");
  CHECK(error_of([&] { prompt_ids(*t, {.name = "chatml"}, {}); }) ==
        "a prompt without any message\n  where: prompt format chatml\n  fix:   give at least one message");
  CHECK(error_of([&] { prompt_ids(*t, {.name = "llama3"}, {{"user", "x"}, {"tool", "y"}}); }) ==
        "message 1 has role \"tool\"\n  where: prompt format llama3\n  fix:   use one of the roles: system, user, assistant");
  CHECK(error_of([&] { prompt_ids(*t, {.name = "r1_zero"}, {{"user", "x"}, {"user", "y"}}); }) ==
        "2 messages where the template has one question\n  where: prompt format r1_zero\n  fix:   give a single user message, "
        "or use a chat format");
  CHECK(error_of([&] { prompt_ids(*t, {.name = "r1_zero", .system = "s"}, question); }) ==
        "message 0 has role \"system\"\n  where: prompt format r1_zero\n  fix:   use one of the roles: user");

  const std::string fix =
      "\n  fix:   choose another prompt format (raw needs no special token) or a model trained with this one";
  TokenizerParts parts;
  for (int byte = 0; byte < 256; ++byte) parts.pieces.push_back(to_byte_alphabet(std::string(1, static_cast<char>(byte))));
  parts.kinds.assign(256, PieceKind::normal);
  const auto bare = make_tokenizer(parts, "bare");
  CHECK(error_of([&] { prompt_ids(*bare, {.name = "chatml"}, question); }) ==
        "the tokenizer has no token \"<|im_start|>\"\n  where: prompt format chatml" + fix);
  CHECK(error_of([&] { prompt_ids(*bare, {.name = "llama3"}, question); }) ==
        "the tokenizer has no bos token\n  where: prompt format llama3" + fix);
  CHECK(error_of([&] { completion_ids(*bare, {.name = "raw"}, "x"); }) ==
        "the tokenizer has no eos token\n  where: prompt format raw" + fix);
  CHECK(tokenizer_with("", "")->decode(prompt_ids(*bare, {.name = "raw"}, question)) == "x");
}

}  // namespace lockstep::model
