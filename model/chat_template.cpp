// SPDX-License-Identifier: Apache-2.0
// A row is a list of format tokens and stretches of text. Text between two format tokens is encoded at once, as Hugging
// Face's rendered template would be, but by `encode`, which knows no special tokens.
#include "model/chat_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::model {
namespace {

constexpr std::string_view kR1Zero =
    "A conversation between User and Assistant. The User asks a question and the Assistant solves it. The Assistant first "
    "thinks about the reasoning process in the mind and then provides the User with the answer. The reasoning process and "
    "answer are enclosed within <think>...</think> and <answer>...</answer> tags, respectively, that is, <think> reasoning "
    "process here </think><answer> answer here </answer>. User: ";
constexpr std::string_view kR1ZeroV1 =
    "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The assistant first "
    "thinks about the reasoning process in the mind and then provides the user with the answer. The reasoning process and "
    "answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, i.e., <think> reasoning process "
    "here </think> <answer> answer here </answer>. User: ";
constexpr std::string_view kR1ZeroEnd = ". Assistant:";

constexpr const char* kDeepSeekUser = "<\uff5cUser\uff5c>";
constexpr const char* kDeepSeekAssistant = "<\uff5cAssistant\uff5c>";

class Row {
 public:
  Row(const Tokenizer& tokenizer, const PromptFormat& format, std::vector<std::string> guarded)
      : tokenizer_(tokenizer), format_(format), guarded_(std::move(guarded)) {}

  void text(std::string_view text) { text_ += text; }

  void token(const std::string& content) {
    const auto id = tokenizer_.find(content);
    if (!id) fail(cat("the tokenizer has no token \"", content, "\""));
    token(*id);
  }

  void token(TokenId id) {
    flush();
    ids_.push_back(id);
  }

  void bos() {
    if (!tokenizer_.bos_id()) fail("the tokenizer has no bos token");
    token(*tokenizer_.bos_id());
  }

  void bos_if_asked() {
    if (tokenizer_.adds_bos()) bos();
  }

  void eos() {
    if (!tokenizer_.eos_id()) fail("the tokenizer has no eos token");
    token(*tokenizer_.eos_id());
  }

  std::vector<TokenId> finish() {
    flush();
    return std::move(ids_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(what, cat("prompt format ", format_.name),
                "choose another prompt format (raw needs no special token) or a model trained with this one");
  }

  void flush() {
    std::vector<size_t> cuts{text_.size()};
    for (const std::string& content : guarded_) {
      for (size_t at = text_.find(content); at != std::string::npos; at = text_.find(content, at + 1)) {
        cuts.push_back(at + 1);  // all of them begin with '<'
      }
    }
    std::sort(cuts.begin(), cuts.end());
    size_t begin = 0;
    for (const size_t end : cuts) {
      const auto ids = tokenizer_.encode(std::string_view(text_).substr(begin, end - begin));
      ids_.insert(ids_.end(), ids.begin(), ids.end());
      begin = end;
    }
    text_.clear();
  }

  const Tokenizer& tokenizer_;
  const PromptFormat& format_;
  // Tokens of chat formats. Some vocabularies do not mark them as special (DeepSeek's <｜User｜>): text that spells one is
  // cut inside it, so that `encode` does not see it whole.
  std::vector<std::string> guarded_;
  std::string text_;  // not encoded yet
  std::vector<TokenId> ids_;
};

// How one format writes its rows: `begin` opens a row, `turn` writes a finished message, `open` begins the assistant's turn.
struct Format {
  std::string name;
  std::vector<std::string> roles;   // those it has a place for
  std::vector<std::string> tokens;  // its own tokens, which text must not forge under any format
  std::string end;                  // the token that ends the assistant's turn; "" is eos
  bool is_trimmed = false;          // contents lose white space at both ends
  void (*begin)(Row& row) = [](Row&) {};
  void (*turn)(Row& row, const Message& message) = [](Row& row, const Message& message) { row.text(message.content); };
  void (*open)(Row& row) = [](Row&) {};
};

Format raw_format() {
  return {.name = "raw",
          .roles = {"system", "user", "assistant"},
          .tokens = {},
          .end = {},
          .begin = [](Row& row) { row.bos_if_asked(); }};
}

Format r1_zero_format(const char* name, void (*begin)(Row&)) {
  return {.name = name,
          .roles = {"user"},
          .tokens = {},
          .end = {},
          .begin = begin,
          .open = [](Row& row) { row.text(kR1ZeroEnd); }};
}

Format chatml_format() {
  return {.name = "chatml",
          .roles = {"system", "user", "assistant", "tool"},
          .tokens = {"<|im_start|>", "<|im_end|>"},
          .end = "<|im_end|>",
          .turn =
              [](Row& row, const Message& message) {
                row.token("<|im_start|>");
                row.text(cat(message.role, "\n", message.content));
                row.token("<|im_end|>");
                row.text("\n");
              },
          .open =
              [](Row& row) {
                row.token("<|im_start|>");
                row.text("assistant\n");
              }};
}

void llama3_header(Row& row, const std::string& role) {
  row.token("<|start_header_id|>");
  row.text(role);
  row.token("<|end_header_id|>");
  row.text("\n\n");
}

Format llama3_format() {
  return {.name = "llama3",
          .roles = {"system", "user", "assistant"},
          .tokens = {"<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
          .end = "<|eot_id|>",
          .is_trimmed = true,
          .begin = [](Row& row) { row.bos(); },
          .turn =
              [](Row& row, const Message& message) {
                llama3_header(row, message.role);
                row.text(base::trim(message.content));
                row.token("<|eot_id|>");
              },
          .open = [](Row& row) { llama3_header(row, "assistant"); }};
}

Format deepseek_r1_format() {
  return {.name = "deepseek_r1",
          .roles = {"system", "user", "assistant"},
          .tokens = {kDeepSeekUser, kDeepSeekAssistant},
          .end = {},
          .begin = [](Row& row) { row.bos(); },
          .turn =
              [](Row& row, const Message& message) {
                if (message.role == "user") row.token(kDeepSeekUser);
                if (message.role == "assistant") row.token(kDeepSeekAssistant);
                row.text(message.content);
                if (message.role == "assistant") row.eos();
              },
          .open = [](Row& row) { row.token(kDeepSeekAssistant); }};
}

const std::vector<Format>& formats() {
  static const std::vector<Format> table = {raw_format(),
                                            r1_zero_format("r1_zero", [](Row& row) {
                                              row.bos_if_asked();
                                              row.text(kR1Zero);
                                            }),
                                            r1_zero_format("r1_zero_v1", [](Row& row) {
                                              row.bos_if_asked();
                                              row.text(kR1ZeroV1);
                                            }),
                                            chatml_format(),
                                            llama3_format(),
                                            deepseek_r1_format()};
  return table;
}

std::vector<std::string> all_format_tokens() {
  std::vector<std::string> tokens;
  for (const Format& format : formats()) tokens.insert(tokens.end(), format.tokens.begin(), format.tokens.end());
  return tokens;
}

const Format& find_format(const std::string& name) {
  const auto at = std::find_if(formats().begin(), formats().end(), [&](const Format& f) { return f.name == name; });
  if (at == formats().end()) {
    throw Error(cat("unknown prompt format \"", base::printable(name), "\""), "prompt format",
                cat("choose one of: ", base::join(prompt_format_names(), ", ")));
  }
  return *at;
}

void check_messages(const Format& format, const std::vector<Message>& messages) {
  const std::string where = cat("prompt format ", format.name);
  if (messages.empty()) throw Error("a prompt without any message", where, "give at least one message");
  for (size_t i = 0; i < messages.size(); ++i) {
    const auto& role = messages[i].role;
    if (std::find(format.roles.begin(), format.roles.end(), role) == format.roles.end()) {
      throw Error(cat("message ", i, " has role \"", base::printable(role), "\""), where,
                  cat("use one of the roles: ", base::join(format.roles, ", ")));
    }
  }
  if (format.roles.size() == 1 && messages.size() != 1) {
    throw Error(cat(messages.size(), " messages where the template has one question"), where,
                "give a single user message, or use a chat format");
  }
}

}  // namespace

const std::vector<std::string>& prompt_format_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Format& format : formats()) out.push_back(format.name);
    return out;
  }();
  return names;
}

std::vector<TokenId> prompt_ids(const Tokenizer& tokenizer,
                                const PromptFormat& chosen,
                                const std::vector<Message>& messages) {
  const Format& format = find_format(chosen.name);
  std::vector<Message> all = messages;
  if (!chosen.system.empty()) all.insert(all.begin(), {"system", chosen.system});
  check_messages(format, all);
  Row row(tokenizer, chosen, all_format_tokens());
  format.begin(row);
  for (const Message& message : all) format.turn(row, message);
  format.open(row);
  row.text(chosen.prefill);
  return row.finish();
}

std::vector<TokenId> completion_ids(const Tokenizer& tokenizer, const PromptFormat& chosen, const std::string& content) {
  const Format& format = find_format(chosen.name);
  std::string_view rest = content;
  if (rest.starts_with(chosen.prefill)) rest.remove_prefix(chosen.prefill.size());
  Row row(tokenizer, chosen, all_format_tokens());
  row.text(format.is_trimmed ? base::trim(rest) : rest);
  if (format.end.empty()) {
    row.eos();
  } else {
    row.token(format.end);
  }
  return row.finish();
}

std::vector<TokenId> stop_ids(const Tokenizer& tokenizer, const PromptFormat& chosen) {
  const Format& format = find_format(chosen.name);
  std::vector<TokenId> ids;
  if (const auto end = tokenizer.find(format.end)) ids.push_back(*end);
  if (tokenizer.eos_id() && std::find(ids.begin(), ids.end(), *tokenizer.eos_id()) == ids.end()) {
    ids.push_back(*tokenizer.eos_id());
  }
  return ids;
}

}  // namespace lockstep::model
