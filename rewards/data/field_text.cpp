// SPDX-License-Identifier: Apache-2.0
// Fields by name, in any shape.
#include "rewards/data/field_text.h"

#include "base/error.h"
#include "base/text.h"
#include "rewards/rows/example.h"

namespace lockstep::rewards::data {
namespace {

using base::Json;

std::string column_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  for (const Json& item : value) {
    const bool is_message = item.is_object() && item.contains("content") && item["content"].is_string();
    text += cat(text.empty() ? "" : "\n", is_message ? item["content"].get<std::string>() : column_text(item));
  }
  return text;
}

}  // namespace

std::string field_text(const Json& row, const std::string& field, const std::string& where) {
  if (field != "prompt" && field != "completion" && field != "all") {
    const auto found = row.find(field);
    if (found == row.end()) {
      throw Error(cat("the row has no \"", base::printable(field), "\""), where,
                  "name a column that every row has, or prompt, completion, all");
    }
    return column_text(*found);
  }
  rows::Example example = rows::read_example(row, where);
  const bool is_document = example.shape == rows::Shape::text;
  std::erase_if(example.prompt, [](const rows::Turn& turn) { return turn.role == "system"; });
  const std::string completion = example.completion.value_or("");
  if (field == "completion" || is_document) return completion;
  const std::string prompt = rows::prompt_text(example);
  return field == "prompt" || completion.empty() ? prompt : cat(prompt, "\n", completion);
}

}  // namespace lockstep::rewards::data
