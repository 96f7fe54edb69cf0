// SPDX-License-Identifier: Apache-2.0
// Tables in Markdown, cell by cell.
#include "rl/pipeline/markdown.h"

namespace lockstep::rl::pipeline {
namespace {

std::string line_of(const Cells& cells) {
  std::string out = "|";
  for (const auto& cell : cells) {
    out += ' ';
    for (const char c : cell) {
      if (c == '|') out += '\\';
      out += c;
    }
    out += " |";
  }
  return out;
}

}  // namespace

std::string markdown_table(const Cells& head, const std::vector<Cells>& rows) {
  std::string out = line_of(head);
  out += "\n|";
  for (size_t i = 0; i < head.size(); ++i) out += "---|";
  for (const auto& row : rows) out.append("\n").append(line_of(row));
  return out;
}

}  // namespace lockstep::rl::pipeline
