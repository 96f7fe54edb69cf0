// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the scanners of completions: tags, boxes, fenced programs. The input's first byte chooses the options.
#include <cstdlib>
#include <string_view>

#include "rewards/code/extract_code.h"
#include "rewards/extract.h"
#include "rewards/format_tags.h"
#include "rewards/text_metrics.h"

namespace rewards = lockstep::rewards;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// `part` is a view into `text`.
bool is_inside(std::string_view part, std::string_view text) {
  return part.empty() || (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t options = data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto has = [&](int bit) { return (options >> bit & 1) != 0; };
  const rewards::TagRules rules = {.think_is_open = has(0),
                                   .has_answer = has(1),
                                   .exactly_once = has(2),
                                   .in_order = has(3),
                                   .nothing_outside = has(4),
                                   .refuse_echo = has(5)};
  const rewards::TagReport report = rewards::check_tags(text, text.substr(text.size() / 2), rules);
  require(report.faults.size() <= static_cast<size_t>(report.num_checks));
  for (const std::string_view box : rewards::find_boxes(text)) require(is_inside(box, text));
  for (const std::string_view answer : rewards::find_answer_tags(text).contents) require(is_inside(answer, text));
  const rewards::Sample sample = {.prompt = "", .completion = text, .columns = nullptr};
  for (const char* answers : {"agree", "last", "only"}) {
    const auto found = rewards::extract_answer(sample, {.answers = answers});
    require(found.answer.has_value() == found.problem.empty());
  }
  for (const auto& block : rewards::code::find_fenced_blocks(text)) require(is_inside(block.content, text));
  const auto program = rewards::code::find_program(text, {"python", "py"});
  require(!program || is_inside(*program, text));
  require(rewards::count_words(text) >= 0 && rewards::count_reflection_words(text) >= 0);
  return 0;
}
