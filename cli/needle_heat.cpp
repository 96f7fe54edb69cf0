// SPDX-License-Identifier: Apache-2.0
// Heat tables as text and SVG.
#include "cli/needle_heat.h"

#include <array>
#include <cmath>

#include "base/text.h"
#include "cli/text_table.h"

namespace lockstep::cli {
namespace {

constexpr int kCellWidth = 64, kCellHeight = 26, kMargin = 64, kTitle = 52;

std::string percent(double share) { return base::fixed(100 * share, 0); }

const char* shade(double share) {
  static constexpr std::array<const char*, 5> kShades = {"·", "░", "▒", "▓", "█"};
  return kShades[static_cast<size_t>(std::lround(share * 4))];
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : base::printable(text)) {
    if (c == '<') out += "&lt;";
    else if (c == '&') out += "&amp;";
    else out += c;
  }
  return out;
}

std::string text_at(int x, int y, const std::string& anchor, const std::string& text) {
  return cat("<text x=\"", x, "\" y=\"", y, "\" text-anchor=\"", anchor, "\">", escaped(text), "</text>\n");
}

std::string cell(int x, int y, double share) {
  const auto hue = std::lround(120 * share);
  return cat("<rect x=\"", x, "\" y=\"", y, "\" width=\"", kCellWidth - 2, "\" height=\"", kCellHeight - 2, "\" fill=\"hsl(", hue,
             ",70%,65%)\"/>\n", text_at(x + kCellWidth / 2, y + 17, "middle", percent(share)));
}

std::string grid_svg(const NamedGrid& grid, const rl::NeedleOptions& options, int top) {
  std::string out = text_at(8, top + 20, "start", cat("rope scaling: ", grid.name, ", mean ", percent(grid.grid.mean()), " %"));
  for (size_t l = 0; l < options.lengths.size(); ++l)
    out += text_at(kMargin + static_cast<int>(l) * kCellWidth + kCellWidth / 2, top + kTitle - 8, "middle", cat(options.lengths[l]));
  for (size_t d = 0; d < options.depths.size(); ++d) {
    const int y = top + kTitle + static_cast<int>(d) * kCellHeight;
    out += text_at(kMargin - 8, y + 17, "end", base::fixed(options.depths[d], 2));
    for (size_t l = 0; l < options.lengths.size(); ++l) out += cell(kMargin + static_cast<int>(l) * kCellWidth, y, grid.grid.score[d][l]);
  }
  return out;
}

}  // namespace

std::string heat_text(const NamedGrid& grid, const rl::NeedleOptions& options) {
  std::vector<std::vector<std::string>> rows(1);
  rows[0].push_back("depth");
  for (const int64_t length : options.lengths) rows[0].push_back(cat(length));
  for (size_t d = 0; d < options.depths.size(); ++d) {
    rows.push_back({base::fixed(options.depths[d], 2)});
    for (const double share : grid.grid.score[d]) rows.back().push_back(cat(percent(share), " ", shade(share)));
  }
  rows.push_back({"mean"});
  for (const double share : grid.grid.by_length()) rows.back().push_back(cat(percent(share), " ", shade(share)));
  return cat("rope scaling: ", base::printable(grid.name), "; % found, by depth and tokens\n", text_table(rows));
}

std::string heat_svg(const std::vector<NamedGrid>& grids, const rl::NeedleOptions& options) {
  const int height = kTitle + static_cast<int>(options.depths.size()) * kCellHeight + 16;
  const int width = kMargin + static_cast<int>(options.lengths.size()) * kCellWidth + 16;
  std::string out = cat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width, "\" height=\"", height * static_cast<int>(grids.size()),
                        "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
  for (size_t i = 0; i < grids.size(); ++i) out += grid_svg(grids[i], options, static_cast<int>(i) * height);
  return out + "</svg>\n";
}

}  // namespace lockstep::cli
