// SPDX-License-Identifier: Apache-2.0
// One row of a data set, whatever tool it was written for: the turns of the prompt, the completion, the gold answer, the rest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lockstep::rewards::rows {

// The shapes by their columns; `answer` stands for the gold answer, see read_example.
enum class Shape {
  text,      // {"text"}: a document
  trl,       // {"prompt", "completion"?, "answer"?}: text or messages (TRL, slime's "label", what `lockstep generate` writes)
  messages,  // {"messages": [{"role", "content"}]}: the last turn of the assistant is the completion
  alpaca,    // {"instruction", "input"?, "output"?, "system"?, "history"?}
  sharegpt,  // {"conversations": [{"from", "value"}], "system"?}
  verl,      // {"data_source", "prompt", "reward_model": {"ground_truth"}, "extra_info"}
  question,  // {"question" or "problem", "answer" or "solution"}: GSM8K, verifiers, open-r1
};
const char* shape_name(Shape shape);
std::vector<std::string> shape_names();
std::optional<Shape> shape_from_name(std::string_view name);

struct Turn {
  std::string role;  // system, user, assistant, tool
  std::string content;
  base::Json extra = base::Json::object();  // what else the message holds: name, tool_calls ...
};

struct Example {
  Shape shape = Shape::text;
  bool has_text_prompt = false;           // the prompt was one text, not messages
  std::vector<Turn> prompt = {};          // empty for a document
  std::optional<std::string> completion = {};  // the document of Shape::text
  base::Json completion_extra = base::Json::object();
  base::Json gold = nullptr;              // null: there is none
  std::string gold_column = "answer";     // where it stood
  base::Json columns = base::Json::object();  // all other columns, in order
};

// The shape that a row's columns have; nothing for columns that no shape has.
std::optional<Shape> detect_shape(const base::Json& row);

// The gold answer is the first of: reward_model.ground_truth (verl), `answer`, `solution`, `label`, `ground_truth`. The content
// of a message may be a list of text parts; null keys of a message (Parquet's) are dropped; roles of ShareGPT (human, gpt,
// observation ...) become ours. Alpaca's input follows its instruction on a line of its own. Unknown columns are kept;
// verl's reward_model.style becomes a column of that name. Error at `where`: no object, no known shape, a column of the wrong kind, an unknown role.
Example read_example(base::Json row, const std::string& where);

// The row of that shape; read_example of it gives the same turns, completion, gold answer and columns. Error at `where` for what
// the shape cannot hold: a document as a conversation, several systems or tools in alpaca, verl without a gold answer ...
base::Json write_example(const Example& example, Shape shape, const std::string& where);

// The contents of the turns, one a line.
std::string prompt_text(const Example& example);

// Prompt as text or as messages, as {"prompt"} of TRL has it.
base::Json prompt_json(const Example& example);

}  // namespace lockstep::rewards::rows
