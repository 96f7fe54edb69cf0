// SPDX-License-Identifier: Apache-2.0
// The terminal's table of samples.
#include "rl/completions_table.h"

#include "base/text.h"

namespace lockstep::rl {
namespace {

constexpr size_t kPromptWidth = 28, kCompletionWidth = 96;

// At most `width` bytes of printable text, cut in the middle at code points.
std::string shorten(const std::string& text, size_t width) {
  std::string safe = base::printable(text);
  if (safe.size() <= width) return safe;
  const auto is_middle = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  size_t head = width * 2 / 3, tail = safe.size() - (width - head - 3);
  while (head > 0 && is_middle(safe[head])) --head;
  while (tail < safe.size() && is_middle(safe[tail])) ++tail;
  return cat(safe.substr(0, head), "...", safe.substr(tail));
}

std::string pad(std::string text, size_t width) {
  size_t shown = 0;
  for (char c : text) shown += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  if (shown < width) text.append(width - shown, ' ');
  return text;
}

std::string score_text(const rewards::Score& score) {
  return score.status == rewards::Status::ok ? base::fixed(score.value, 2) : rewards::status_name(score.status);
}

}  // namespace

std::string completions_table(const std::string& title, const rewards::Combined& rewards, const std::vector<TableSample>& samples) {
  std::string out = cat("samples of ", title, "\n  ");
  for (size_t i = 0; i < rewards.size(); ++i) out += pad(rewards.name(i), 9) + " ";
  out += "reward  advantage  " + pad("prompt", kPromptWidth) + "  completion";
  for (const auto& s : samples) {
    out += "\n  ";
    for (size_t i = 0; i < s.parts.size(); ++i) out += pad(score_text(s.parts[i]), std::max<size_t>(9, rewards.name(i).size())) + " ";
    out += pad(base::fixed(s.reward, 2), 7) + " " + pad(base::fixed(s.advantage, 2), 10) + " " +
           pad(shorten(s.prompt, kPromptWidth), kPromptWidth) + "  " + shorten(s.completion, kCompletionWidth);
  }
  return out;
}

}  // namespace lockstep::rl
