// SPDX-License-Identifier: Apache-2.0
// Scanners for boxes and tags, and the choice among several answers.
#include "rewards/extract.h"

#include "base/text.h"
#include "rewards/answer.h"

namespace lockstep::rewards {
namespace {

constexpr std::string_view kOpenAnswer = "<answer>", kCloseAnswer = "</answer>";
constexpr std::string_view kOpenThink = "<think>", kCloseThink = "</think>";

// A completion that repeats itself this often has no final answer; the bound keeps comparing them cheap.
constexpr size_t kMaxAnswers = 64;

bool has_at(std::string_view text, size_t at, std::string_view word) { return text.substr(at, word.size()) == word; }

// The length of "\boxed  {" at `at`, or 0.
size_t box_opening(std::string_view text, size_t at) {
  size_t end = at;
  if (has_at(text, at, "\\boxed")) {
    end += 6;
  } else if (has_at(text, at, "\\fbox")) {
    end += 5;
  } else {
    return 0;
  }
  // A bounded look-ahead keeps the scan linear.
  for (int spaces = 0; spaces < 8 && end < text.size() && text[end] == ' '; ++spaces) ++end;
  return end < text.size() && text[end] == '{' ? end + 1 - at : 0;
}

Extraction choose(const std::vector<std::string_view>& answers, const std::string& rule) {
  if (answers.empty()) return {std::nullopt, "no answer found"};
  if (rule == "only" && answers.size() > 1) return {std::nullopt, cat(answers.size(), " answers instead of one")};
  if (rule == "agree" && answers.size() > kMaxAnswers) return {std::nullopt, cat(answers.size(), " answers")};
  if (rule == "agree") {
    for (size_t i = 0; i + 1 < answers.size(); ++i) {
      if (!answers_equal(answers[i], answers.back())) return {std::nullopt, "several different answers"};
    }
  }
  return {std::string(answers.back()), ""};
}

// The text of <answer>\boxed{42}</answer> is 42; a box among other text is not unwrapped.
std::string_view unwrap_box(std::string_view content) {
  const std::string_view bare = base::trim(content);
  const std::vector<std::string_view> boxes = find_boxes(bare);
  const bool is_one_box = boxes.size() == 1 && box_opening(bare, 0) > 0 &&
                          boxes[0].data() == bare.data() + box_opening(bare, 0) &&
                          boxes[0].size() + box_opening(bare, 0) + 1 == bare.size();
  return is_one_box ? boxes[0] : bare;
}

}  // namespace

std::vector<std::string_view> find_boxes(std::string_view text) {
  struct Brace {
    size_t content;  // first byte after the brace
    bool is_box;
  };
  std::vector<Brace> open;
  std::vector<std::string_view> boxes;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      if (const size_t length = box_opening(text, at)) {
        open.push_back({at + length, true});
        at += length - 1;
      } else {
        ++at;  // an escaped brace is no brace
      }
    } else if (text[at] == '{') {
      open.push_back({at + 1, false});
    } else if (text[at] == '}' && !open.empty()) {
      const Brace brace = open.back();
      open.pop_back();
      if (!brace.is_box) continue;
      // Boxes found inside this one are part of its content.
      while (!boxes.empty() && boxes.back().data() >= text.data() + brace.content) boxes.pop_back();
      boxes.push_back(text.substr(brace.content, at - brace.content));
    }
  }
  return boxes;
}

AnswerTags find_answer_tags(std::string_view text) {
  AnswerTags tags;
  size_t content = std::string_view::npos;  // where the open tag's content begins; npos: no tag is open
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    if (has_at(text, at, kOpenAnswer)) {
      if (content != std::string_view::npos) tags.is_well_formed = false;
      content = at + kOpenAnswer.size();
    } else if (has_at(text, at, kCloseAnswer)) {
      if (content != std::string_view::npos) {
        tags.contents.push_back(text.substr(content, at - content));
      } else {
        tags.is_well_formed = false;
      }
      content = std::string_view::npos;
    }
  }
  if (content != std::string_view::npos) tags.is_well_formed = false;
  return tags;
}

bool is_think_open(const Sample& sample, std::string_view setting) {
  if (setting != "auto") return setting == "yes";
  const std::string_view prompt = base::trim(sample.prompt);
  return prompt.size() >= kOpenThink.size() && prompt.substr(prompt.size() - kOpenThink.size()) == kOpenThink;
}

std::optional<std::string_view> after_thinking(std::string_view completion, bool think_open) {
  const size_t close = completion.rfind(kCloseThink);
  if (close == std::string_view::npos) {
    if (think_open || completion.find(kOpenThink) != std::string_view::npos) return std::nullopt;
    return completion;
  }
  const std::string_view rest = completion.substr(close + kCloseThink.size());
  if (rest.find(kOpenThink) != std::string_view::npos) return std::nullopt;
  return rest;
}

Extraction extract_answer(const Sample& sample, const ExtractRule& rule) {
  std::string_view text = sample.completion;
  if (rule.answers != "only") {
    const auto rest = after_thinking(text, is_think_open(sample, rule.think_open));
    if (!rest) return {std::nullopt, "the thinking is not closed"};
    text = *rest;
  }
  if (rule.source != "boxed") {
    const AnswerTags tags = find_answer_tags(text);
    if (!tags.is_well_formed && rule.answers != "last") return {std::nullopt, "malformed <answer> tags"};
    if (!tags.contents.empty() || rule.source == "answer_tag") {
      std::vector<std::string_view> answers;
      for (std::string_view content : tags.contents) answers.push_back(unwrap_box(content));
      return choose(answers, rule.answers);
    }
  }
  return choose(find_boxes(text), rule.answers);
}

}  // namespace lockstep::rewards
