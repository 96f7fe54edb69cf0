// SPDX-License-Identifier: Apache-2.0
// Finding the final answer in a completion: after the thinking, in <answer> tags or in \boxed{...}. Linear in the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/reward.h"

namespace lockstep::rewards {

// The contents of all \boxed{...} and \fbox{...} with balanced braces, outermost only, in order. \{ and \} do not count.
std::vector<std::string_view> find_boxes(std::string_view text);

struct AnswerTags {
  std::vector<std::string_view> contents;  // of <answer>...</answer>, in order
  bool is_well_formed = true;              // no nested, unclosed or unopened tag
};
AnswerTags find_answer_tags(std::string_view text);

// Does the completion begin inside a think block that the prompt has opened? `setting`: "yes", "no", or "auto" = the
// prompt ends with <think>.
bool is_think_open(const Sample& sample, std::string_view setting);

// What stands after the thinking; nothing when a think block is not closed or is re-opened.
std::optional<std::string_view> after_thinking(std::string_view completion, bool think_open);

struct ExtractRule {
  std::string source = "either";    // boxed, answer_tag; either: tags where there are any, else boxes
  std::string answers = "agree";    // last, agree, only
  std::string think_open = "auto";  // see is_think_open
};

struct Extraction {
  std::optional<std::string> answer;
  std::string problem;  // why there is no answer
};

// last: the last answer after the thinking. agree: the same, but all answers there must be equal (a list of guesses is no
// answer). only: exactly one answer in the whole completion, wherever it stands.
Extraction extract_answer(const Sample& sample, const ExtractRule& rule);

}  // namespace lockstep::rewards
