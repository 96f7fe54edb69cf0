// SPDX-License-Identifier: Apache-2.0
// Reading and checking rows.
#include "rewards/dataset.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "rewards/rows/example.h"
#include "rewards/rows/row_file.h"

namespace lockstep::rewards {
namespace {

using base::Json;

constexpr const char* kPromptFix = "give text, or a list of {\"role\": \"user\", \"content\": \"...\"}";

const Json& require(const Json& object, const char* key, const std::string& where, const char* fix) {
  const auto found = object.find(key);
  if (found == object.end()) throw Error(cat("the row has no \"", key, "\""), where, fix);
  return *found;
}

void check_message(const Json& message, const std::string& where) {
  static const std::vector<std::string> kRoles = {"system", "user", "assistant", "tool"};
  if (!message.is_object()) throw Error(cat("a message of the prompt is ", message.type_name()), where, kPromptFix);
  for (const char* key : {"role", "content"}) {
    const auto found = message.find(key);
    if (found == message.end() || !found->is_string()) {
      throw Error(cat("a message of the prompt has no text \"", key, "\""), where, kPromptFix);
    }
  }
  for (const auto& [key, value] : message.items()) {
    if (key != "role" && key != "content") {
      throw Error(cat("a message of the prompt has the unknown key \"", base::printable(key), "\""), where,
                  "keep role and content only");
    }
  }
  const std::string role = message["role"].get<std::string>();
  if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end()) {
    throw Error(cat("unknown role \"", base::printable(role), "\""), where,
                cat("use one of: ", base::join(kRoles, ", ")));
  }
}

void check_prompt(const Json& prompt, const std::string& where) {
  if (prompt.is_array() && !prompt.empty()) {
    for (const Json& message : prompt) check_message(message, where);
  } else if (!prompt.is_string() || prompt.get_ref<const std::string&>().empty()) {
    const bool is_empty = prompt.is_string() || prompt.is_array();
    throw Error(is_empty ? "the prompt is empty" : cat("the prompt is ", prompt.type_name()), where, kPromptFix);
  }
}

// Takes the gold answer out of verl's nesting; the original columns stay for rewards that read them.
void flatten_verl(Json& row, const std::string& where) {
  constexpr const char* kFix =
      "give {\"data_source\", \"prompt\", \"reward_model\": {\"ground_truth\"}, \"extra_info\"}";
  if (!require(row, "data_source", where, kFix).is_string()) throw Error("data_source is no text", where, kFix);
  const Json& model = require(row, "reward_model", where, kFix);
  if (!model.is_object()) throw Error(cat("reward_model is ", model.type_name(), ", not an object"), where, kFix);
  const auto truth = model.find("ground_truth");
  if (truth == model.end() || truth->is_null()) throw Error("reward_model has no ground_truth", where, kFix);
  if (const auto extra = row.find("extra_info"); extra != row.end() && !extra->is_object() && !extra->is_null()) {
    throw Error(cat("extra_info is ", extra->type_name(), ", not an object"), where, kFix);
  }
  const Json gold = *truth;
  if (const auto answer = row.find("answer"); answer != row.end() && *answer != gold) {
    throw Error("the row has an \"answer\" that differs from reward_model.ground_truth", where, "keep one of the two");
  }
  row["answer"] = gold;
}

}  // namespace

void Dataset::add(Json row, RowForm& form, const std::string& where) {
  if (!row.is_object())
    throw Error(cat("the row is ", row.type_name(), ", not an object"), where, "write one object a line");
  if (form != RowForm::verl && !row.contains("prompt") && rows::detect_shape(row)) {
    row = rows::write_example(rows::read_example(std::move(row), where), rows::Shape::trl, where);
  }
  if (form == RowForm::automatic) form = row.contains("reward_model") ? RowForm::verl : RowForm::trl;
  check_prompt(require(row, "prompt", where, kPromptFix), where);
  if (form == RowForm::verl) flatten_verl(row, where);
  if (!rows_.empty() && rows_[0]["prompt"].type() != row["prompt"].type()) {
    throw Error(cat("the prompt is ", row["prompt"].type_name(), ", but that of the first row is ",
                    rows_[0]["prompt"].type_name()),
                where, "use text prompts or message prompts in the whole file");
  }
  rows_.push_back(std::move(row));
}

Dataset Dataset::load(const std::string& path, const DatasetOptions& options) {
  Dataset dataset;
  RowForm form = options.form;
  const auto add = [&](rows::FileRow& row) {
    if (dataset.size() == options.max_rows) {
      throw Error(cat("more than ", options.max_rows, " rows"), row.where, "split the file, or raise max_rows");
    }
    dataset.add(std::move(row.json), form, row.where);
  };
  rows::for_each_row(path, add, {.max_row_bytes = options.max_line_bytes});
  if (dataset.rows_.empty()) throw Error("the data set has no rows", path, "write one JSON object a line");
  return dataset;
}

Dataset Dataset::from_rows(std::vector<Json> rows, const std::string& origin) {
  Dataset dataset;
  RowForm form = RowForm::automatic;
  for (size_t i = 0; i < rows.size(); ++i) dataset.add(std::move(rows[i]), form, cat(origin, ":", i + 1));
  if (dataset.rows_.empty()) throw Error("the data set has no rows", origin, "generate at least one row");
  return dataset;
}

}  // namespace lockstep::rewards
