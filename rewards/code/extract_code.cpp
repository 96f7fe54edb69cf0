// SPDX-License-Identifier: Apache-2.0
// A line scanner for fenced blocks: linear in the text.
#include "rewards/code/extract_code.h"

#include <algorithm>

#include "base/text.h"

namespace lockstep::rewards::code {
namespace {

struct Fence {
  size_t num_ticks = 0;   // 0: the line is no fence
  std::string_view info;  // what follows the ticks, trimmed
};

Fence fence_of(std::string_view line) {
  const size_t start = line.find_first_not_of(' ');
  if (start == std::string_view::npos || start > 3) return {};
  line.remove_prefix(start);
  const size_t num_ticks = std::min(line.find_first_not_of('`'), line.size());
  const std::string_view info = base::trim(line.substr(num_ticks));
  if (num_ticks < 3 || info.find('`') != std::string_view::npos) return {};
  return {num_ticks, info};
}

// "python", "Python title=x", "{.python}" and "python3," name the same kind of thing: the first word.
std::string tag_of(std::string_view info) {
  info.remove_prefix(std::min(info.find_first_not_of("{."), info.size()));
  std::string tag(info.substr(0, info.find_first_of(" \t,;:{}")));
  for (char& c : tag) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return tag;
}

}  // namespace

std::vector<FencedBlock> find_fenced_blocks(std::string_view text) {
  std::vector<FencedBlock> blocks;
  size_t num_ticks = 0, content = 0;  // of the block that is open; 0 ticks: none is
  std::string tag;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    const Fence fence = fence_of(text.substr(begin, end - begin));
    if (num_ticks == 0 && fence.num_ticks > 0) {
      num_ticks = fence.num_ticks;
      tag = tag_of(fence.info);
      content = end;
    } else if (num_ticks > 0 && fence.num_ticks >= num_ticks && fence.info.empty()) {
      blocks.push_back({std::move(tag), text.substr(content, begin - content)});
      num_ticks = 0;
    }
    begin = end;
  }
  return blocks;
}

std::optional<std::string_view> find_program(std::string_view text, const std::vector<std::string>& tags) {
  std::optional<std::string_view> tagged, bare;
  for (const FencedBlock& block : find_fenced_blocks(text)) {
    if (block.tag.empty()) bare = block.content;
    if (std::find(tags.begin(), tags.end(), block.tag) != tags.end()) tagged = block.content;
  }
  return tagged ? tagged : bare;
}

}  // namespace lockstep::rewards::code
