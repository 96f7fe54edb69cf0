// SPDX-License-Identifier: Apache-2.0
// Writing the shapes.
#include "base/error.h"
#include "base/text.h"
#include "rewards/rows/example.h"

namespace lockstep::rewards::rows {
namespace {

using base::Json;

constexpr std::string_view kNested = "reward_model.";  // other keys of verl's reward_model, as read_example names them

Json message_json(const Turn& turn) {
  Json message = {{"role", turn.role}, {"content", turn.content}};
  for (const auto& [key, value] : turn.extra.items()) message[key] = value;
  return message;
}

Json sharegpt_json(const Turn& turn) {
  const std::string from = turn.role == "user" ? "human" : turn.role == "assistant" ? "gpt" : turn.role;
  Json message = {{"from", from}, {"value", turn.content}};
  for (const auto& [key, value] : turn.extra.items()) message[key] = value;
  return message;
}

std::vector<Turn> all_turns(const Example& example) {
  std::vector<Turn> turns = example.prompt;
  if (example.completion) turns.push_back({"assistant", *example.completion, example.completion_extra});
  return turns;
}

Json list_of(const std::vector<Turn>& turns, Json (*one)(const Turn&)) {
  Json list = Json::array();
  for (const Turn& turn : turns) list.push_back(one(turn));
  return list;
}

// A text prompt has a text completion, messages have messages: TRL wants both of one kind.
void write_trl(Json& row, const Example& example) {
  row["prompt"] = prompt_json(example);
  if (!example.completion) return;
  const Turn turn{"assistant", *example.completion, example.completion_extra};
  if (example.has_text_prompt && turn.extra.empty()) {
    row["completion"] = *example.completion;
  } else {
    row["completion"] = Json::array({message_json(turn)});
  }
}

[[noreturn]] void cannot(const std::string& what, const std::string& where) {
  throw Error(cat("alpaca has no place for ", what), where, "choose another shape: messages, sharegpt, trl");
}

void write_alpaca(Json& row, const Example& example, const std::string& where) {
  size_t at = 0;
  const auto& turns = example.prompt;
  Json history = Json::array();
  std::string system;
  if (turns[0].role == "system") system = turns[at++].content;
  for (; at + 1 < turns.size(); at += 2) {
    if (turns[at].role != "user" || turns[at + 1].role != "assistant") cannot(cat("a turn of ", turns[at].role, " here"), where);
    history.push_back(Json::array({turns[at].content, turns[at + 1].content}));
  }
  if (at + 1 != turns.size() || turns[at].role != "user") cannot("a prompt that does not end with the user", where);
  for (const Turn& turn : all_turns(example)) {
    if (!turn.extra.empty()) cannot("other keys of a message", where);
  }
  row["instruction"] = turns[at].content;
  row["input"] = "";
  if (example.completion) row["output"] = *example.completion;
  if (!system.empty()) row["system"] = system;
  if (!history.empty()) row["history"] = history;
}

void write_verl(Json& row, const Example& example, const std::string& where) {
  if (example.gold.is_null()) {
    throw Error("the row has no gold answer, which verl asks for", where, "add \"answer\", or choose another shape");
  }
  const auto source = example.columns.find("data_source");
  row["data_source"] = source != example.columns.end() ? *source : Json("unknown");
  row["prompt"] = list_of(example.prompt, message_json);
  if (example.completion) row["completion"] = *example.completion;
  row["reward_model"] = {{"style", "rule"}};
  for (const auto& [key, value] : example.columns.items()) {
    if (key.starts_with(kNested)) row["reward_model"][key.substr(kNested.size())] = value;
  }
  row["reward_model"]["ground_truth"] = example.gold;
}

void write_turns(Json& row, const Example& example, Shape shape, const std::string& where) {
  switch (shape) {
    case Shape::text:
    case Shape::question:
      break;
    case Shape::trl:
      return write_trl(row, example);
    case Shape::messages:
      row["messages"] = list_of(all_turns(example), message_json);
      return;
    case Shape::alpaca:
      return write_alpaca(row, example, where);
    case Shape::sharegpt:
      row["conversations"] = list_of(all_turns(example), sharegpt_json);
      return;
    case Shape::verl:
      return write_verl(row, example, where);
  }
  throw Error(cat("rows are not written as ", shape_name(shape)), where, "choose trl, verl, alpaca, sharegpt or messages");
}

}  // namespace

Json prompt_json(const Example& example) {
  if (example.has_text_prompt && example.prompt.size() == 1) return example.prompt[0].content;
  return list_of(example.prompt, message_json);
}

Json write_example(const Example& example, Shape shape, const std::string& where) {
  if (example.prompt.empty()) {
    throw Error("the row is a document without a prompt", where, "documents need no shape: train on {\"text\"} rows as they are");
  }
  Json row = Json::object();
  write_turns(row, example, shape, where);
  if (!example.gold.is_null() && shape != Shape::verl) row[example.gold_column] = example.gold;
  for (const auto& [key, value] : example.columns.items()) {
    if (shape == Shape::verl && (key.starts_with(kNested) || key == "data_source")) continue;  // written above
    if (!row.contains(key)) {
      row[key] = value;
    } else {
      throw Error(cat("two columns would be named \"", base::printable(key), "\""), where, "rename the column");
    }
  }
  return row;
}

}  // namespace lockstep::rewards::rows
