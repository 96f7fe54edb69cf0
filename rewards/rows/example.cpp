// SPDX-License-Identifier: Apache-2.0
// Reading the shapes.
#include "rewards/rows/example.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards::rows {
namespace {

using base::Json;

constexpr std::array<std::pair<Shape, const char*>, 7> kShapes = {{{Shape::text, "text"},
                                                                   {Shape::trl, "trl"},
                                                                   {Shape::messages, "messages"},
                                                                   {Shape::alpaca, "alpaca"},
                                                                   {Shape::sharegpt, "sharegpt"},
                                                                   {Shape::verl, "verl"},
                                                                   {Shape::question, "question"}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kRoles = {{{"system", "system"},
                                                                                   {"developer", "system"},
                                                                                   {"user", "user"},
                                                                                   {"human", "user"},
                                                                                   {"prompter", "user"},
                                                                                   {"assistant", "assistant"},
                                                                                   {"gpt", "assistant"},
                                                                                   {"chatgpt", "assistant"},
                                                                                   {"bot", "assistant"},
                                                                                   {"model", "assistant"},
                                                                                   {"tool", "tool"},
                                                                                   {"function", "tool"},
                                                                                   {"function_response", "tool"},
                                                                                   {"observation", "tool"}}};

constexpr const char* kTurnFix = "give a list of {\"role\": system|user|assistant|tool, \"content\": \"...\"}";

// Takes a column out of the row; null counts as missing.
Json take(Json& row, const std::string& column) {
  const auto found = row.find(column);
  if (found == row.end()) return nullptr;
  Json value = std::move(*found);
  row.erase(found);
  return value;
}

std::string text_of(Json value, const std::string& column, const std::string& where) {
  if (!value.is_string()) throw Error(cat("\"", column, "\" is ", value.type_name(), ", not text"), where, "give it as text");
  return std::move(value.get_ref<std::string&>());
}

std::string role_of(const std::string& name, const std::string& where) {
  const auto found = std::find_if(kRoles.begin(), kRoles.end(), [&](const auto& role) { return role.first == name; });
  if (found != kRoles.end()) return std::string(found->second);
  throw Error(cat("unknown role \"", base::printable(name), "\""), where, "use one of: system, user, assistant, tool");
}

// A text, or OpenAI's list of parts as long as all are text. A turn that only calls tools has null.
std::string content_of(Json content, const std::string& where) {
  if (content.is_string()) return std::move(content.get_ref<std::string&>());
  if (content.is_null()) return "";
  std::string text;
  for (const Json& part : content) {
    const bool is_text = content.is_array() && part.is_object() && part.contains("text") && part["text"].is_string();
    if (!is_text) throw Error("the content of a message is neither text nor a list of text parts", where, kTurnFix);
    text += part["text"].get_ref<const std::string&>();
  }
  if (!content.is_array()) throw Error(cat("the content of a message is ", content.type_name()), where, kTurnFix);
  return text;
}

Turn turn_of(Json message, const std::string& where) {
  if (!message.is_object()) throw Error(cat("a message is ", message.type_name(), ", not an object"), where, kTurnFix);
  const bool is_sharegpt = message.contains("from");
  Json role = take(message, is_sharegpt ? "from" : "role");
  const char* content_key = is_sharegpt ? "value" : "content";
  if (!role.is_string() || !message.contains(content_key)) {
    throw Error("a message has no role or no content", where, kTurnFix);
  }
  Turn turn{role_of(role.get_ref<const std::string&>(), where), content_of(take(message, content_key), where)};
  for (auto& [key, value] : message.items()) {
    if (!value.is_null()) turn.extra[key] = std::move(value);
  }
  return turn;
}

std::vector<Turn> turns_of(Json list, const std::string& column, const std::string& where) {
  if (!list.is_array() || list.empty()) {
    throw Error(cat("\"", column, "\" is ", list.is_array() ? "empty" : list.type_name()), where, kTurnFix);
  }
  std::vector<Turn> turns;
  for (Json& message : list) turns.push_back(turn_of(std::move(message), where));
  return turns;
}

// The last turn of the assistant becomes the completion.
void split_turns(Example& example, std::vector<Turn> turns) {
  if (turns.back().role == "assistant") {
    example.completion = std::move(turns.back().content);
    example.completion_extra = std::move(turns.back().extra);
    turns.pop_back();
  }
  example.prompt = std::move(turns);
}

void read_prompt(Example& example, Json prompt, const std::string& column, const std::string& where) {
  example.has_text_prompt = prompt.is_string();
  if (prompt.is_array()) {
    example.prompt = turns_of(std::move(prompt), column, where);
  } else {
    example.prompt.push_back({"user", text_of(std::move(prompt), column, where)});
  }
}

void read_completion(Example& example, Json completion, const std::string& where) {
  if (completion.is_null()) return;
  if (!completion.is_array()) {
    example.completion = text_of(std::move(completion), "completion", where);
    return;
  }
  std::vector<Turn> turns = turns_of(std::move(completion), "completion", where);
  // A completion of several turns: all but the last are what it continues.
  std::vector<Turn> prompt = std::move(example.prompt);
  std::move(turns.begin(), turns.end(), std::back_inserter(prompt));
  if (prompt.back().role != "assistant") throw Error("the completion does not end with the assistant", where, kTurnFix);
  split_turns(example, std::move(prompt));
}

void read_alpaca(Example& example, Json& row, const std::string& where) {
  if (Json system = take(row, "system"); system.is_string() && system != "") {
    example.prompt.push_back({"system", text_of(std::move(system), "system", where)});
  }
  for (const Json& pair : take(row, "history")) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
      throw Error("\"history\" is no list of [instruction, answer]", where, "give pairs of texts");
    }
    example.prompt.push_back({"user", pair[0].get<std::string>()});
    example.prompt.push_back({"assistant", pair[1].get<std::string>()});
  }
  std::string question = text_of(take(row, "instruction"), "instruction", where);
  if (Json input = take(row, "input"); !input.is_null() && input != "") {
    question += cat(question.empty() ? "" : "\n", text_of(std::move(input), "input", where));
  }
  example.has_text_prompt = example.prompt.empty();
  example.prompt.push_back({"user", std::move(question)});
  if (Json output = take(row, "output"); !output.is_null()) example.completion = text_of(std::move(output), "output", where);
}

void read_sharegpt(Example& example, Json& row, const std::string& where) {
  std::vector<Turn> turns = turns_of(take(row, "conversations"), "conversations", where);
  if (Json system = take(row, "system"); system.is_string() && system != "") {
    turns.insert(turns.begin(), {"system", text_of(std::move(system), "system", where)});
  }
  split_turns(example, std::move(turns));
}

void read_verl(Example& example, Json& row, const std::string& where) {
  constexpr const char* kFix = "give {\"data_source\", \"prompt\", \"reward_model\": {\"ground_truth\"}, \"extra_info\"}";
  Json model = take(row, "reward_model");
  if (!model.is_object()) throw Error(cat("reward_model is ", model.type_name(), ", not an object"), where, kFix);
  example.gold = take(model, "ground_truth");
  if (example.gold.is_null()) throw Error("reward_model has no ground_truth", where, kFix);
  for (auto& [key, value] : model.items()) row[cat("reward_model.", key)] = std::move(value);  // style ...
  read_prompt(example, take(row, "prompt"), "prompt", where);
  read_completion(example, take(row, "completion"), where);
  if (const auto answer = row.find("answer"); answer != row.end() && *answer == example.gold) row.erase(answer);
}

void read_gold(Example& example, Json& row) {
  for (const char* column : {"answer", "solution", "label", "ground_truth"}) {
    if (!row.contains(column)) continue;
    example.gold_column = column;
    example.gold = take(row, column);
    return;
  }
}

void read_columns(Example& example, Json& row, const std::string& where) {
  switch (example.shape) {
    case Shape::text:
      example.completion = text_of(take(row, "text"), "text", where);
      return;
    case Shape::trl:
      read_prompt(example, take(row, "prompt"), "prompt", where);
      return read_completion(example, take(row, "completion"), where);
    case Shape::messages:
      return split_turns(example, turns_of(take(row, "messages"), "messages", where));
    case Shape::alpaca:
      return read_alpaca(example, row, where);
    case Shape::sharegpt:
      return read_sharegpt(example, row, where);
    case Shape::verl:
      return read_verl(example, row, where);
    case Shape::question: {
      const char* column = row.contains("question") ? "question" : "problem";
      read_prompt(example, take(row, column), column, where);
      return read_completion(example, take(row, "completion"), where);
    }
  }
}

}  // namespace

const char* shape_name(Shape shape) {
  return std::find_if(kShapes.begin(), kShapes.end(), [&](const auto& entry) { return entry.first == shape; })->second;
}

std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const auto& [shape, name] : kShapes) names.emplace_back(name);
  return names;
}

std::optional<Shape> shape_from_name(std::string_view name) {
  for (const auto& [shape, known] : kShapes) {
    if (known == name) return shape;
  }
  return std::nullopt;
}

std::optional<Shape> detect_shape(const Json& row) {
  const auto has = [&](const char* column) {
    const auto found = row.find(column);
    return found != row.end() && !found->is_null();
  };
  if (has("reward_model") && has("prompt")) return Shape::verl;
  if (has("conversations")) return Shape::sharegpt;
  if (has("instruction")) return Shape::alpaca;
  if (has("prompt")) return Shape::trl;
  if (has("messages")) return Shape::messages;
  if (has("question") || has("problem")) return Shape::question;
  if (has("text")) return Shape::text;
  return std::nullopt;
}

Example read_example(Json row, const std::string& where) {
  if (!row.is_object()) throw Error(cat("the row is ", row.type_name(), ", not an object"), where, "write one object a line");
  const auto shape = detect_shape(row);
  if (!shape) {
    throw Error("the row has no known shape", where,
                "give \"prompt\", \"messages\", \"conversations\", \"instruction\", \"question\", \"problem\" or \"text\"");
  }
  Example example{.shape = *shape};
  read_columns(example, row, where);
  if (*shape != Shape::verl) read_gold(example, row);
  example.columns = std::move(row);
  return example;
}

std::string prompt_text(const Example& example) {
  std::string text;
  for (const Turn& turn : example.prompt) text += cat(text.empty() ? "" : "\n", turn.content);
  return text;
}

}  // namespace lockstep::rewards::rows
