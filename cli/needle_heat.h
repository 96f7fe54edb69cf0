// SPDX-License-Identifier: Apache-2.0
// Heat tables of a needle-in-a-haystack grid: as text, and as an SVG picture.
#pragma once

#include <string>
#include <vector>

#include "rl/needle.h"

namespace lockstep::cli {

struct NamedGrid {
  std::string name;  // of the rope scaling
  rl::NeedleGrid grid;
};

// A line a depth, a column a length: percent, and a shade from light (0) to full (100).
std::string heat_text(const NamedGrid& grid, const rl::NeedleOptions& options);
// One table below the other, red (0) over yellow to green (1), with the percents in the cells.
std::string heat_svg(const std::vector<NamedGrid>& grids, const rl::NeedleOptions& options);

}  // namespace lockstep::cli
