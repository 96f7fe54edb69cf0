// SPDX-License-Identifier: Apache-2.0
// Finding the program in a completion: the last fenced block of its language after the thinking.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::rewards::code {

struct FencedBlock {
  std::string tag;           // first word of the opening line, lower-case; "" when there is none
  std::string_view content;  // between the fences, with its last line break
};

// CommonMark's fences of backticks: at most 3 spaces before them, closed by at least as many on a line of their own. A block
// that is not closed (a completion that was cut) is none.
std::vector<FencedBlock> find_fenced_blocks(std::string_view text);

// The last block with one of `tags`; without any, the last block without a tag. Nothing when there is neither: the output
// or the tests that a completion shows in a ```text block are not its program.
std::optional<std::string_view> find_program(std::string_view text, const std::vector<std::string>& tags);

}  // namespace lockstep::rewards::code
