// SPDX-License-Identifier: Apache-2.0
// The format reward: a scan for the four tags, then rules on their sequence.
#include <re2/re2.h>

#include <string.h>  // memmem

#include <array>
#include <optional>
#include <vector>

#include "base/text.h"
#include "rewards/builtin.h"
#include "rewards/extract.h"

namespace lockstep::rewards {
namespace {

struct Tag {
  size_t kind;  // index into kTags
  size_t begin, end;
};
constexpr std::array<std::string_view, 4> kTags = {"<think>", "</think>", "<answer>", "</answer>"};

std::vector<Tag> scan_tags(std::string_view text, size_t max_tags) {
  std::vector<Tag> tags;
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    for (size_t kind = 0; kind < kTags.size(); ++kind) {
      if (text.substr(at, kTags[kind].size()) == kTags[kind]) tags.push_back({kind, at, at + kTags[kind].size()});
    }
    if (tags.size() > max_tags) break;
  }
  return tags;
}

// Lower-case with single spaces, so that copies differ only in what matters.
std::string folded(std::string_view text) {
  std::string result;
  for (char c : base::trim(text)) {
    const bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (is_space && !result.empty() && result.back() == ' ') continue;
    result += is_space ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return result;
}

bool is_echo(std::string_view thought, std::string_view prompt) {
  static constexpr std::array<std::string_view, 4> kPlaceholders = {"reasoning process here", "thinking process here",
                                                                    "reasoning process", "..."};
  const std::string needle = folded(thought), haystack = folded(prompt);
  for (std::string_view placeholder : kPlaceholders) {
    if (needle == placeholder) return true;
  }
  // memmem is linear (two-way search), std::string::find is not.
  return memmem(haystack.data(), haystack.size(), needle.data(), needle.size()) != nullptr;
}

bool is_answer_placeholder(std::string_view answer) {
  const std::string text = folded(answer);
  return text == "answer here" || text == "answer" || text == "...";
}

bool is_blank(std::string_view text) { return base::trim(text).empty(); }

// What is wrong with the text, or nothing.
std::optional<std::string> r1_fault(const Sample& sample, const FormatConfig& config) {
  const std::string_view text = sample.completion;
  const bool think_open = is_think_open(sample, config.think_open_in_prompt);
  std::vector<size_t> expected = {0, 1, 2, 3};
  if (!config.require_answer) expected.resize(2);
  if (think_open) expected.erase(expected.begin());
  const std::vector<Tag> tags = scan_tags(text, expected.size());
  for (size_t i = 0; i < std::max(expected.size(), tags.size()); ++i) {
    if (i >= tags.size()) return cat(kTags[expected[i]], " is missing");
    if (i >= expected.size() || tags[i].kind != expected[i]) return cat("unexpected ", kTags[tags[i].kind]);
  }
  const size_t close = think_open ? 0 : 1;  // index of </think>
  const size_t think_begin = think_open ? 0 : tags[0].end;
  const std::string_view thought = text.substr(think_begin, tags[close].begin - think_begin);
  if (!think_open && !is_blank(text.substr(0, tags[0].begin))) return "text before <think>";
  if (is_blank(thought)) return "the think block is empty";
  if (config.refuse_echo && is_echo(thought, sample.prompt)) return "the think block copies the prompt";
  if (!config.require_answer) {
    if (is_blank(text.substr(tags[close].end))) return "nothing after </think>";
    return std::nullopt;
  }
  const Tag& open_answer = tags[close + 1];
  const Tag& close_answer = tags[close + 2];
  const std::string_view answer = text.substr(open_answer.end, close_answer.begin - open_answer.end);
  if (!is_blank(text.substr(tags[close].end, open_answer.begin - tags[close].end))) return "text between the blocks";
  if (is_blank(answer)) return "the answer is empty";
  if (config.refuse_echo && is_answer_placeholder(answer)) return "the answer is a placeholder";
  if (!is_blank(text.substr(close_answer.end))) return "text after </answer>";
  return std::nullopt;
}

std::optional<std::string> tiny_fault(const Sample& sample) {
  static const RE2 pattern(" ?<think>[^<>]+</think><answer>[^<>]+</answer>", RE2::Latin1);
  if (!sample.is_terminated) return "cut off";
  const re2::StringPiece text(sample.completion.data(), sample.completion.size());
  return RE2::FullMatch(text, pattern) ? std::nullopt : std::optional<std::string>("not of the form");
}

}  // namespace

Score Format::score(const Sample& sample) const {
  const std::optional<std::string> fault = config_.preset == "tiny" ? tiny_fault(sample) : r1_fault(sample, config_);
  Score score;
  score.value = fault ? 0 : 1;
  score.detail = fault.value_or("");
  return score;
}

}  // namespace lockstep::rewards
