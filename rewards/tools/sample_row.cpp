// SPDX-License-Identifier: Apache-2.0
// Reading rows of samples.
#include "rewards/tools/sample_row.h"

#include "base/error.h"
#include "base/text.h"
#include "rewards/text_metrics.h"

namespace lockstep::rewards::tools {
namespace {

using base::Json;

constexpr const char* kFix =
    "write rows like {\"prompt\": \"...\", \"completion\": \"...\", \"answer\": \"...\"} or {\"pred\": \"...\", \"gold\": "
    "\"...\"}; a prompt or a completion may be a list of messages";

[[noreturn]] void bad_column(const char* column, const std::string& where) {
  throw Error(cat("the row has no text \"", column, "\""), where, kFix);
}

std::string text_of(const Json& row, const char* column, const std::string& where) {
  const auto found = row.find(column);
  if (found == row.end() || !found->is_string()) bad_column(column, where);
  return found->get<std::string>();
}

// The text of a column; of a list of messages their contents, one a line.
std::string text_or_messages(const Json& row, const char* column, const std::string& where) {
  const auto found = row.find(column);
  if (found == row.end() || !found->is_array()) return text_of(row, column, where);
  std::vector<std::string> contents;
  for (const Json& message : *found) {
    if (!message.is_object()) bad_column(column, where);
    contents.push_back(text_of(message, "content", where));
  }
  return base::join(contents, "\n");
}

void read_pair(SampleRow& row, const std::string& where) {
  const std::string pred = text_of(row.columns, "pred", where);
  const bool is_whole = row.columns.value("form", Json()) == "completion";
  row.completion = is_whole ? pred : cat("\\boxed{", pred, "}");
  const auto gold = row.columns.find("gold");
  if (gold == row.columns.end()) bad_column("gold", where);
  const Json answer = *gold;
  row.columns["answer"] = answer;
}

std::vector<int32_t> read_ids(const Json& ids, const std::string& where) {
  std::vector<int32_t> list;
  for (const Json& id : ids) {
    if (!id.is_number_integer() || id < INT32_MIN || id > INT32_MAX) {
      throw Error("completion_ids is no list of token ids", where, "give a list of integers, or leave it out");
    }
    list.push_back(id.get<int32_t>());
  }
  return list;
}

}  // namespace

SampleRow read_sample_row(Json json, const std::string& where) {
  if (!json.is_object()) throw Error("the row is no object", where, "write one JSON object a line");
  SampleRow row;
  row.columns = std::move(json);
  if (row.columns.contains("prompt")) row.prompt = text_or_messages(row.columns, "prompt", where);
  if (!row.columns.contains("completion") && row.columns.contains("pred")) {
    read_pair(row, where);
  } else {
    row.completion = text_or_messages(row.columns, "completion", where);
  }
  row.is_terminated = row.columns.value("is_terminated", Json(true)) != Json(false);
  const auto ids = row.columns.find("completion_ids");
  const bool has_ids = ids != row.columns.end();
  if (has_ids) row.ids = read_ids(*ids, where);
  const auto count = row.columns.find("num_tokens");
  const bool has_count = count != row.columns.end() && count->is_number_unsigned();
  row.num_tokens = has_count ? count->get<int64_t>() : has_ids ? static_cast<int64_t>(row.ids.size()) : count_words(row.completion);
  return row;
}

}  // namespace lockstep::rewards::tools
