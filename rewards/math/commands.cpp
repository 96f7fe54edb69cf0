// SPDX-License-Identifier: Apache-2.0
// Tables of LaTeX commands.
#include "rewards/math/commands.h"

#include <unordered_map>
#include <utility>

namespace lockstep::rewards::math {
namespace {

using Uses = std::unordered_map<std::string_view, CommandUse>;

void add(Uses& uses, CommandUse use, std::string_view names) {
  while (!names.empty()) {
    const size_t end = names.find(' ');
    uses[names.substr(0, end)] = use;
    names.remove_prefix(end == std::string_view::npos ? names.size() : end + 1);
  }
}

Uses make_uses() {
  Uses uses;
  add(uses, CommandUse::space, "quad qquad enspace enskip thinspace medspace thickspace space nobreakspace hfill");
  add(uses, CommandUse::drop,
      "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr displaystyle textstyle scriptstyle "
      "limits nolimits rm bf it cal boldsymbol bm pmb vec overrightarrow mathcal mathfrak mathscr mathstrut strut boxed "
      "fbox ensuremath large Large LARGE small normalsize tiny underline mathop mathord mathbin mathrel nonumber notag "
      "allowbreak checkmark blacksquare qed hline displaylimits phantomsection centering cancel xcancel underset overset "
      "smash mathclose mathopen textup upright protect relax null");
  add(uses, CommandUse::drop_argument,
      "color textcolor hspace vspace phantom hphantom vphantom label tag style kern hskip");
  add(uses, CommandUse::text,
      "text textbf textit textrm textnormal textsf texttt textsc mbox hbox emph textmd textsl");
  add(uses, CommandUse::maybe_text, "mathrm mathbf mathit mathsf mathtt mathnormal rmfamily bold");
  add(uses, CommandUse::blackboard, "mathbb Bbb");
  add(uses, CommandUse::name, "operatorname operatornamewithlimits");
  return uses;
}

struct Synonym {
  TokenKind kind;
  std::string_view text;
};

std::unordered_map<std::string_view, Synonym> make_synonyms() {
  constexpr auto kSymbol = TokenKind::symbol;
  constexpr auto kCommand = TokenKind::command;
  return {{"le", {kSymbol, "<="}}, {"leq", {kSymbol, "<="}}, {"leqslant", {kSymbol, "<="}}, {"leqq", {kSymbol, "<="}},
          {"ge", {kSymbol, ">="}}, {"geq", {kSymbol, ">="}}, {"geqslant", {kSymbol, ">="}}, {"geqq", {kSymbol, ">="}},
          {"lt", {kSymbol, "<"}}, {"gt", {kSymbol, ">"}}, {"ne", {kSymbol, "!="}}, {"neq", {kSymbol, "!="}},
          {"approx", {kSymbol, "~~"}}, {"approxeq", {kSymbol, "~~"}}, {"simeq", {kSymbol, "~~"}},
          {"doteq", {kSymbol, "~~"}}, {"times", {kSymbol, "*"}}, {"cdot", {kSymbol, "*"}}, {"ast", {kSymbol, "*"}},
          {"bullet", {kSymbol, "*"}}, {"div", {kSymbol, "/"}}, {"slash", {kSymbol, "/"}}, {"lbrace", {kSymbol, "\\{"}},
          {"rbrace", {kSymbol, "\\}"}}, {"lbrack", {kSymbol, "["}}, {"rbrack", {kSymbol, "]"}},
          {"vert", {kSymbol, "|"}}, {"lvert", {kSymbol, "|"}}, {"rvert", {kSymbol, "|"}}, {"mid", {kSymbol, "|"}},
          {"Vert", {kSymbol, "\\|"}}, {"lVert", {kSymbol, "\\|"}}, {"rVert", {kSymbol, "\\|"}},
          {"parallel", {kSymbol, "\\|"}}, {"colon", {kSymbol, ":"}}, {"ratio", {kSymbol, ":"}},
          {"degree", {kSymbol, "deg"}}, {"degrees", {kSymbol, "deg"}}, {"textdegree", {kSymbol, "deg"}},
          {"prime", {kSymbol, "'"}}, {"percent", {kSymbol, "%"}}, {"land", {TokenKind::conjunction, "and"}},
          {"wedge", {TokenKind::conjunction, "and"}}, {"lor", {TokenKind::conjunction, "or"}},
          {"vee", {TokenKind::conjunction, "or"}}, {"pounds", {TokenKind::currency, "pound_sterling"}},
          {"yen", {TokenKind::currency, "yen"}}, {"euro", {TokenKind::currency, "euro"}}, {"dfrac", {kCommand, "frac"}},
          {"tfrac", {kCommand, "frac"}}, {"cfrac", {kCommand, "frac"}}, {"sfrac", {kCommand, "frac"}},
          {"nicefrac", {kCommand, "frac"}}, {"dbinom", {kCommand, "binom"}}, {"tbinom", {kCommand, "binom"}},
          {"infin", {kCommand, "infty"}}, {"varnothing", {kCommand, "emptyset"}}, {"backslash", {kCommand, "setminus"}},
          {"dots", {kCommand, "ldots"}}, {"cdots", {kCommand, "ldots"}}, {"dotsc", {kCommand, "ldots"}},
          {"dotsb", {kCommand, "ldots"}}, {"dotso", {kCommand, "ldots"}}, {"vdots", {kCommand, "ldots"}},
          {"varepsilon", {kCommand, "epsilon"}}, {"varphi", {kCommand, "phi"}}, {"vartheta", {kCommand, "theta"}},
          {"varrho", {kCommand, "rho"}}, {"langle", {kSymbol, "\\langle"}}, {"rangle", {kSymbol, "\\rangle"}},
          {"lfloor", {kSymbol, "\\lfloor"}}, {"rfloor", {kSymbol, "\\rfloor"}}, {"lceil", {kSymbol, "\\lceil"}},
          {"rceil", {kSymbol, "\\rceil"}}, {"implies", {kCommand, "Rightarrow"}}, {"iff", {kCommand, "Leftrightarrow"}},
          {"rightarrow", {kCommand, "to"}}, {"bigcup", {kCommand, "cup"}}, {"bigcap", {kCommand, "cap"}},
          {"smallsetminus", {kCommand, "setminus"}}, {"ni", {kCommand, "owns"}},
          {"exponentialE", {TokenKind::word, "e"}},
          {"imaginaryI", {TokenKind::word, "i"}}, {"imath", {TokenKind::word, "i"}}, {"jmath", {TokenKind::word, "j"}}};
}

}  // namespace

CommandUse use_of_command(std::string_view command) {
  static const Uses uses = make_uses();
  const auto found = uses.find(command);
  return found == uses.end() ? CommandUse::keep : found->second;
}

std::optional<Token> token_of_command(std::string_view command) {
  static const auto synonyms = make_synonyms();
  const auto found = synonyms.find(command);
  if (found == synonyms.end()) return std::nullopt;
  return Token{.kind = found->second.kind, .text = std::string(found->second.text)};
}

}  // namespace lockstep::rewards::math
