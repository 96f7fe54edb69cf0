// SPDX-License-Identifier: Apache-2.0
// Reading texts and messages out of JSON.
#include "rl/chat_rows.h"

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rl {

const std::string& text_of(const base::Json& row, const std::string& key, const std::string& where) {
  if (!row.contains(key) || !row[key].is_string() || row[key].get_ref<const std::string&>().empty())
    throw Error(cat("\"", key, "\" is no non-empty string"), where, "give it as text");
  return row[key].get_ref<const std::string&>();
}

std::vector<model::Message> messages_of(const base::Json& row, const std::string& key, const std::string& where) {
  if (row.contains(key) && row[key].is_string()) return {{"user", text_of(row, key, where)}};
  if (!row.contains(key) || !row[key].is_array())
    throw Error(cat("\"", key, "\" is no list"), where, "give a list of {\"role\", \"content\"}");
  std::vector<model::Message> out;
  for (const auto& m : row[key]) {
    if (!m.is_object() || !m.contains("role") || !m.contains("content"))
      throw Error("a message needs \"role\" and \"content\"", where, "give a list of {\"role\", \"content\"}");
    out.push_back({text_of(m, "role", where), text_of(m, "content", where)});
  }
  return out;
}

}  // namespace lockstep::rl
