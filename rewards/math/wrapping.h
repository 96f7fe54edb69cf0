// SPDX-License-Identifier: Apache-2.0
// What stands around an answer and means nothing: Markdown, a lone dollar sign, braces.
#pragma once

#include <string_view>
#include <vector>

#include "rewards/math/lexer.h"

namespace lockstep::rewards::math {

// One dollar sign opens no formula: it is money. Escaped ones do not count.
bool has_odd_dollars(std::string_view text);

// Without Markdown's bold and code marks around the whole answer, and without white space.
std::string_view without_markup(std::string_view text);

// The content of \boxed{...} and the like: braces around everything mean nothing.
void remove_outer_braces(std::vector<Token>& tokens);

}  // namespace lockstep::rewards::math
