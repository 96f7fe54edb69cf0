// SPDX-License-Identifier: Apache-2.0
// The page's sources as text of the program; embed.cmake makes the definitions from page.html, page.css and the scripts.
#pragma once

#include <string_view>

namespace lockstep::cli::report {

extern const std::string_view kPageTemplate;  // with {{policy}}, {{title}}, {{style}}, {{script}}, {{data}}
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;  // the scripts in order, one text

}  // namespace lockstep::cli::report
