// SPDX-License-Identifier: Apache-2.0
// The checker of knights and knaves.
#include <re2/re2.h>

#include <map>

#include "base/text.h"
#include "rewards/answer.h"
#include "rewards/checkers.h"

namespace lockstep::rewards {

Check check_knights_knaves(const base::Json& row, std::string_view answer) {
  // RE2 has no look-ahead, so the separators belong to the clause.
  static const RE2 clause(
      "(?i)[\\s,;.]*(?:and\\s+)?([\\pL\\d_]+)\\s*(?:is|:|=)\\s*(?:an?\\s+)?(knight|knave)\\b[\\s,;.]*");
  const auto roles = row.find("roles");
  if (roles == row.end() || !roles->is_object() || roles->empty()) {
    return {Verdict::no_gold, "the row needs `roles`: {\"NAME\": \"knight\" or \"knave\", ...}"};
  }
  if (answer.size() > kMaxAnswerBytes) return {Verdict::wrong, "the answer is too long"};
  std::string text(answer);
  std::erase(text, '*');  // markdown, before white space next to it is judged
  text = normalize_answer(text);
  std::map<std::string, std::string> said;
  re2::StringPiece rest(text);
  std::string name, role;
  while (!rest.empty() && RE2::Consume(&rest, clause, &name, &role)) {
    for (char& c : role) c = static_cast<char>(c | 0x20);
    if (!said.emplace(name, role).second) return {Verdict::wrong, cat(name, " is mentioned twice")};
  }
  if (!rest.empty()) return {Verdict::wrong, "text that is not \"NAME is a knight\" or \"NAME is a knave\""};
  if (said.size() != roles->size()) return {Verdict::wrong, cat(said.size(), " people instead of ", roles->size())};
  for (const auto& [person, is] : roles->items()) {
    const auto found = said.find(person);
    if (found == said.end()) return {Verdict::wrong, cat("nothing about ", person)};
    if (is != found->second) return {Verdict::wrong, cat(person, " is no ", found->second)};
  }
  return {Verdict::right, ""};
}

}  // namespace lockstep::rewards
