// SPDX-License-Identifier: Apache-2.0
// Cutting a template at its names.
#include "rewards/text_template.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::rewards {
namespace {

constexpr size_t kLongestName = 32;

bool is_name_letter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// The lower-case word of "{word}" at `at`; empty for anything else.
std::string_view braced_word(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && end - at <= kLongestName && is_name_letter(text[end])) ++end;
  return end < text.size() && text[end] == '}' ? text.substr(at + 1, end - at - 1) : std::string_view();
}

}  // namespace

TextTemplate::TextTemplate(std::string_view text, const std::vector<std::string>& names, const std::string& where) {
  std::string between;
  for (size_t at = 0; at < text.size(); ++at) {
    const std::string_view word = text[at] == '{' ? braced_word(text, at) : std::string_view();
    const bool is_known = std::find(names.begin(), names.end(), word) != names.end();
    if (!word.empty() && !is_known) {
      if (const auto nearest = base::nearest_name(word, names)) {
        throw Error(cat("the template has no place {", word, "}"), where,
                    cat("did you mean {", *nearest, "}? The places are: ", base::join(names, ", ")));
      }
    }
    if (!is_known) {
      between += text[at];
      continue;
    }
    if (!between.empty()) parts_.push_back({std::move(between), false});
    between.clear();
    parts_.push_back({std::string(word), true});
    at += word.size() + 1;
  }
  if (!between.empty()) parts_.push_back({std::move(between), false});
}

bool TextTemplate::uses(std::string_view name) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) { return part.is_name && part.text == name; });
}

std::string TextTemplate::fill(const std::map<std::string, std::string_view>& values) const {
  std::string text;
  for (const Part& part : parts_) {
    if (!part.is_name) {
      text += part.text;
      continue;
    }
    const auto found = values.find(part.text);
    LOCKSTEP_CHECK(found != values.end(), part.text);
    text += found->second;
  }
  return text;
}

}  // namespace lockstep::rewards
