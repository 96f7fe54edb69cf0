// SPDX-License-Identifier: Apache-2.0
// The regular expressions of other projects as searches: linear, and free of look-ahead, which RE2 does not have.
#include "rewards/format_presets.h"

#include <cstdint>

namespace lockstep::rewards {
namespace {

constexpr size_t kNone = std::string_view::npos;

// Python's str.count: occurrences that do not overlap.
int64_t count(std::string_view text, std::string_view part) {
  int64_t times = 0;
  for (size_t at = text.find(part); at != kNone; at = text.find(part, at + part.size())) ++times;
  return times;
}

}  // namespace

double open_r1_format(std::string_view completion) {
  constexpr std::string_view kOpen = "<think>\n", kMiddle = "\n</think>\n<answer>\n", kClose = "\n</answer>";
  if (!completion.starts_with(kOpen)) return 0;
  // The first place for the middle leaves the most room behind it; $ is the end or a line break.
  const size_t middle = completion.find(kMiddle, kOpen.size());
  if (middle == kNone) return 0;
  for (size_t at = completion.find(kClose, middle + kMiddle.size()); at != kNone; at = completion.find(kClose, at + 1)) {
    const size_t end = at + kClose.size();
    if (end == completion.size() || completion[end] == '\n') return 1;
  }
  return 0;
}

double tag_count_format(std::string_view completion) {
  double value = 0;
  for (const char* tag : {"<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>"}) {
    if (count(completion, tag) == 1) value += 0.25;
  }
  return value;
}

double trl_format(std::string_view completion) {
  constexpr std::string_view kOpen = "<think>";
  if (!completion.starts_with(kOpen)) return 0;
  const std::string_view rest = completion.substr(kOpen.size());
  return rest.find(kOpen) == kNone && rest.find("</think>") != kNone ? 1 : 0;
}

double logic_rl_format(std::string_view completion) {
  size_t last = 0;
  for (const char* tag : {"<think>", "</think>", "<answer>", "</answer>"}) {
    const size_t at = completion.find(tag);
    if (at == kNone || at < last || completion.find(tag, at + 1) != kNone) return -1;
    last = at;
  }
  return 1;
}

double tinyzero_format(std::string_view completion) {
  const size_t line_break = completion.rfind('\n');
  const std::string_view line = line_break == kNone ? completion : completion.substr(line_break + 1);
  const size_t open = line.find("<answer>");
  return open != kNone && line.find("</answer>", open + 8) != kNone ? 0.1 : 0;
}

}  // namespace lockstep::rewards
