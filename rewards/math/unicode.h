// SPDX-License-Identifier: Apache-2.0
// Unicode spellings of mathematics brought to their LaTeX or ASCII form.
#pragma once

#include <string>
#include <string_view>

namespace lockstep::rewards::math {

// Minus signs, operators, relations, Greek and mathematical letters, fullwidth forms, vulgar fractions, super- and
// subscripts, roots, spaces and quotes. What has no such form (words of other scripts) stays. Ill-formed bytes vanish.
// At most about 16 bytes come out for one that goes in.
std::string to_latex(std::string_view utf8);

}  // namespace lockstep::rewards::math
