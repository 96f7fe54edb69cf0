// SPDX-License-Identifier: Apache-2.0
// Format rewards of other projects, with their exact verdicts, quirks included: what their runs were trained on.
#pragma once

#include <string_view>

namespace lockstep::rewards {

// open-r1's format_reward, ^<think>\n.*?\n</think>\n<answer>\n.*?\n</answer>$ (DOTALL, MULTILINE, from the start): 1 or 0.
double open_r1_format(std::string_view completion);

// open-r1's tag_count_reward: a quarter for each of "<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>" that stands
// there exactly once.
double tag_count_format(std::string_view completion);

// TRL's think_format_reward, ^<think>(?!.*<think>)(.*?)</think>.*$ (DOTALL, MULTILINE, from the start): 1 or 0.
double trl_format(std::string_view completion);

// Logic-RL: the four tags once each, in order, whatever else stands there: +1, else -1.
double logic_rl_format(std::string_view completion);

// TinyZero's countdown: 0.1 when the last line holds <answer>..</answer>, else 0. Its 1 for a right answer replaces the
// 0.1: give accuracy the weight 0.9 beside it.
double tinyzero_format(std::string_view completion);

}  // namespace lockstep::rewards
