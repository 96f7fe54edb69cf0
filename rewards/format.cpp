// SPDX-License-Identifier: Apache-2.0
// The format reward: which preset decides, and what its verdict is worth.
#include <re2/re2.h>

#include <map>
#include <optional>

#include "rewards/builtin.h"
#include "rewards/extract.h"
#include "rewards/format_presets.h"
#include "rewards/format_tags.h"

namespace lockstep::rewards {
namespace {

std::optional<std::string> tiny_fault(const Sample& sample) {
  static const RE2 pattern(" ?<think>[^<>]+</think><answer>[^<>]+</answer>", RE2::Latin1);
  if (!sample.is_terminated) return "cut off";
  const re2::StringPiece text(sample.completion.data(), sample.completion.size());
  return RE2::FullMatch(text, pattern) ? std::nullopt : std::optional<std::string>("not of the form");
}

Score score_tags(const Sample& sample, const FormatConfig& config) {
  const TagReport report = check_tags(sample.completion, sample.prompt,
                                      {.think_is_open = is_think_open(sample, config.think_open_in_prompt),
                                       .has_answer = config.require_answer,
                                       .exactly_once = config.exactly_once,
                                       .in_order = config.in_order,
                                       .nothing_outside = config.nothing_outside,
                                       .min_think_chars = config.min_think_chars,
                                       .refuse_echo = config.refuse_echo});
  Score score;
  if (report.faults.empty()) {
    score.value = 1;
    return score;
  }
  score.detail = report.faults.front();
  if (config.partial_credit) {
    score.value = 1 - static_cast<double>(report.faults.size()) / static_cast<double>(report.num_checks);
  }
  return score;
}

}  // namespace

Score Format::score(const Sample& sample) const {
  static const std::map<std::string, double (*)(std::string_view)> kOthers = {{"open_r1", open_r1_format},
                                                                              {"tag_count", tag_count_format},
                                                                              {"trl", trl_format},
                                                                              {"logic_rl", logic_rl_format},
                                                                              {"tinyzero", tinyzero_format}};
  if (config_.preset == "tiny") {
    const std::optional<std::string> fault = tiny_fault(sample);
    return {.value = fault ? 0.0 : 1.0, .detail = fault.value_or("")};
  }
  if (const auto other = kOthers.find(config_.preset); other != kOthers.end()) return {.value = other->second(sample.completion)};
  return score_tags(sample, config_);
}

}  // namespace lockstep::rewards
