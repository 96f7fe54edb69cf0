// SPDX-License-Identifier: Apache-2.0
// What the lexer does with a LaTeX command: decoration disappears, synonyms fold, text is read as text.
#pragma once

#include <optional>
#include <string_view>

#include "rewards/math/lexer.h"

namespace lockstep::rewards::math {

enum class CommandUse {
  keep,           // the parser knows it
  space,          // \quad
  drop,           // \displaystyle, \mathbf: its argument, if any, stays as a group
  drop_argument,  // \color{red}, \hspace{1cm}: it goes with its argument
  text,           // \text{...}: the argument is prose
  maybe_text,     // \mathrm{...}: prose when it holds letters only
  blackboard,     // \mathbb{R}
  name,           // \operatorname{lcm}
};

CommandUse use_of_command(std::string_view command);

// The token that a synonym stands for: \leq -> symbol "<=", \dfrac -> command "frac", \lor -> conjunction "or".
std::optional<Token> token_of_command(std::string_view command);

}  // namespace lockstep::rewards::math
