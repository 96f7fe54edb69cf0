// SPDX-License-Identifier: Apache-2.0
// Rows of cells as tables in Markdown, which reports and RESULTS.md are written in.
#pragma once

#include <string>
#include <vector>

namespace lockstep::rl::pipeline {

using Cells = std::vector<std::string>;

// A head and rows of as many cells, without a line break at the end. Bars in cells are escaped.
std::string markdown_table(const Cells& head, const std::vector<Cells>& rows);

}  // namespace lockstep::rl::pipeline
