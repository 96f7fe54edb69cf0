// SPDX-License-Identifier: Apache-2.0
// Longest match by narrowing a sorted list byte by byte: as small as the list, and never slower than its depth.
#include "model/added_tokens.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "model/unicode_classes.h"

namespace lockstep::model {
namespace {

// How far `token`, found at [start, end), reaches once lstrip and rstrip have taken their white space; nullopt when
// single_word forbids the match. Nothing before `taken` is taken twice.
std::optional<std::pair<size_t, size_t>> extent(const AddedToken& token, std::string_view text, size_t start,
                                                size_t end, size_t taken) {
  const std::string_view before = text.substr(0, start), behind = text.substr(end);
  if (token.single_word && (ends_with_word_character(before) || starts_with_word_character(behind))) {
    return std::nullopt;
  }
  if (token.lstrip) start -= trailing_white_space(before);
  if (token.rstrip) end += leading_white_space(behind);
  return std::pair(std::max(start, taken), end);
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::sort(tokens_.begin(), tokens_.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; });
  for (const AddedToken& token : tokens_) {
    LOCKSTEP_CHECK(!token.content.empty(), "an added token without content");
    is_first_byte_[static_cast<uint8_t>(token.content.front())] = true;
  }
}

const AddedToken* AddedTokens::longest_at(std::string_view text) const {
  const AddedToken* longest = nullptr;
  auto begin = tokens_.begin(), end = tokens_.end();
  for (size_t depth = 0; depth < text.size() && begin != end; ++depth) {
    // Those of [begin, end) whose byte at `depth` is the text's; all agree on the bytes before it.
    const auto byte_of = [depth](const AddedToken& token) {
      return depth < token.content.size() ? static_cast<uint8_t>(token.content[depth]) : -1;
    };
    const int wanted = static_cast<uint8_t>(text[depth]);
    begin = std::lower_bound(begin, end, wanted, [&](const AddedToken& t, int byte) { return byte_of(t) < byte; });
    end = std::upper_bound(begin, end, wanted, [&](int byte, const AddedToken& t) { return byte < byte_of(t); });
    if (begin != end && begin->content.size() == depth + 1) longest = &*begin;
  }
  return longest;
}

std::vector<TextPart> AddedTokens::split(std::string_view text, bool with_special) const {
  std::vector<TextPart> parts;
  size_t taken = 0;  // everything before is in `parts`
  for (size_t at = 0; at < text.size();) {
    const AddedToken* token = is_first_byte_[static_cast<uint8_t>(text[at])] ? longest_at(text.substr(at)) : nullptr;
    if (token == nullptr) {
      ++at;
      continue;
    }
    const size_t found = at;
    at += token->content.size();
    if (token->special && !with_special) continue;
    const auto reach = extent(*token, text, found, at, taken);
    if (!reach) continue;
    const auto [start, end] = *reach;
    if (start > taken) parts.push_back({text.substr(taken, start - taken), std::nullopt});
    parts.push_back({text.substr(start, end - start), token->id});
    taken = at = end;
  }
  if (taken < text.size()) parts.push_back({text.substr(taken), std::nullopt});
  return parts;
}

}  // namespace lockstep::model
