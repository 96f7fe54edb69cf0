// SPDX-License-Identifier: Apache-2.0
// Rows of cells as aligned text.
#pragma once

#include <string>
#include <vector>

namespace lockstep::cli {

// The first column is aligned left, the others right; columns are two spaces apart; rows may be of different lengths. Widths count
// characters (UTF-8), not bytes.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace lockstep::cli
