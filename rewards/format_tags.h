// SPDX-License-Identifier: Apache-2.0
// The tag scanner behind `format`: <think>..</think> <answer>..</answer> checked rule by rule. Linear, whatever the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::rewards {

struct TagRules {
  bool think_is_open = false;  // the prompt has opened <think>: the completion must not
  bool has_answer = true;      // <answer> tags are asked for; otherwise text after </think>
  bool exactly_once = true;    // each tag; otherwise at least once, and the first ones count
  bool in_order = true;
  bool nothing_outside = true;  // only white space before, between and after the blocks
  int64_t min_think_chars = 1;  // Unicode characters of the thought, without white space at its ends
  bool refuse_echo = true;      // a thought copied from the prompt, or a template's placeholder, is empty
};

// The checks that the rules ask for: one per tag, then order, outside, thought, answer (those that are asked for). A check
// whose tags are not there fails. `faults` has a text for each check that failed, in this order.
struct TagReport {
  int num_checks = 0;
  std::vector<std::string> faults;
};
TagReport check_tags(std::string_view completion, std::string_view prompt, const TagRules& rules);

}  // namespace lockstep::rewards
