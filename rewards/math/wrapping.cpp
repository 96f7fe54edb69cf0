// SPDX-License-Identifier: Apache-2.0
// Marks are recognised at both ends of the whole answer only; inside they are operators.
#include "rewards/math/wrapping.h"

#include <algorithm>

#include "base/text.h"

namespace lockstep::rewards::math {
namespace {

constexpr int kMaxWrappings = 4;  // {{5}} is 5

}  // namespace

bool has_odd_dollars(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '$') {
      ++count;
    }
  }
  return count % 2 == 1;
}

std::string_view without_markup(std::string_view text) {
  text = base::trim(text);
  // The full stop behind **5**.
  const char mark = text.size() > 3 && text.back() == '.' ? text[text.size() - 2] : '\0';
  if (mark == '*' || mark == '`') text.remove_suffix(1);
  for (std::string_view pair : {"**", "__", "`", "*"}) {
    if (text.size() <= 2 * pair.size() || text.substr(0, pair.size()) != pair) continue;
    if (text.substr(text.size() - pair.size()) == pair) text = text.substr(pair.size(), text.size() - 2 * pair.size());
  }
  if (text.size() > 2 && text.substr(text.size() - 2) == "**") text.remove_suffix(2);
  return base::trim(text);
}

void remove_outer_braces(std::vector<Token>& tokens) {
  // {3 \over 4}: what takes the whole group needs its braces.
  const auto takes_group = [](const Token& token) {
    return token.kind == TokenKind::command && (token.text == "over" || token.text == "choose");
  };
  if (std::any_of(tokens.begin(), tokens.end(), takes_group)) return;
  const auto is = [](const Token& token, std::string_view text) {
    return token.kind == TokenKind::symbol && token.text == text;
  };
  for (int i = 0; i < kMaxWrappings && tokens.size() > 2 && is(tokens.front(), "{") && is(tokens.back(), "}"); ++i) {
    int open = 0;
    for (size_t at = 0; at + 1 < tokens.size(); ++at) {
      open += is(tokens[at], "{") ? 1 : is(tokens[at], "}") ? -1 : 0;
      if (open == 0) return;  // {1}{2}
    }
    tokens.pop_back();
    tokens.erase(tokens.begin());
  }
}

}  // namespace lockstep::rewards::math
