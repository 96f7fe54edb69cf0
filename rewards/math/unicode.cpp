// SPDX-License-Identifier: Apache-2.0
// Tables of code points, and one pass over the text.
#include "rewards/math/unicode.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"

namespace lockstep::rewards::math {
namespace {

struct Spelling {
  char32_t code;
  std::string_view latex;
};

// Sorted by code point. Commands end in a space, so that a letter may follow.
constexpr Spelling kSpellings[] = {
    {0x00A0, "~"}, {0x00A3, "\\pounds "}, {0x00A5, "\\yen "}, {0x00A7, ""}, {0x00A9, ""}, {0x00AB, ""},
    {0x00AC, "\\neg "}, {0x00AD, ""}, {0x00AF, ""}, {0x00B0, "\\degree "}, {0x00B1, "\\pm "}, {0x00B4, "'"},
    {0x00B5, "\\mu "}, {0x00B7, "\\cdot "}, {0x00BB, ""}, {0x00BC, "\\frac{1}{4}"}, {0x00BD, "\\frac{1}{2}"},
    {0x00BE, "\\frac{3}{4}"}, {0x00D7, "\\times "}, {0x00F7, "\\div "}, {0x0131, "i"}, {0x2009, "\\,"}, {0x200A, "\\,"},
    {0x200B, ""}, {0x200C, ""}, {0x200D, ""}, {0x200E, ""}, {0x200F, ""}, {0x2010, "-"}, {0x2011, "-"}, {0x2012, "-"},
    {0x2013, "-"}, {0x2014, "-"}, {0x2015, "-"}, {0x2016, "\\|"}, {0x2018, "'"}, {0x2019, "'"}, {0x201C, ""},
    {0x201D, ""}, {0x2020, ""}, {0x2022, "\\cdot "}, {0x2026, "\\ldots "}, {0x202F, "\\,"}, {0x2030, "\\permille "},
    {0x2032, "'"}, {0x2033, "''"}, {0x2044, "/"}, {0x205F, " "}, {0x2060, ""}, {0x2061, ""}, {0x2062, ""}, {0x2063, ""},
    {0x20AC, "\\euro "}, {0x2102, "\\mathbb{C}"}, {0x2103, "\\degree C"}, {0x2107, "e"}, {0x2109, "\\degree F"},
    {0x210E, "h"}, {0x2115, "\\mathbb{N}"}, {0x2119, "\\mathbb{P}"}, {0x211A, "\\mathbb{Q}"}, {0x211D, "\\mathbb{R}"},
    {0x2124, "\\mathbb{Z}"}, {0x2126, "\\Omega "}, {0x212F, "e"}, {0x2147, "e"}, {0x2148, "i"},
    {0x2150, "\\frac{1}{7}"}, {0x2151, "\\frac{1}{9}"}, {0x2152, "\\frac{1}{10}"}, {0x2153, "\\frac{1}{3}"},
    {0x2154, "\\frac{2}{3}"}, {0x2155, "\\frac{1}{5}"}, {0x2156, "\\frac{2}{5}"}, {0x2157, "\\frac{3}{5}"},
    {0x2158, "\\frac{4}{5}"}, {0x2159, "\\frac{1}{6}"}, {0x215A, "\\frac{5}{6}"}, {0x215B, "\\frac{1}{8}"},
    {0x215C, "\\frac{3}{8}"}, {0x215D, "\\frac{5}{8}"}, {0x215E, "\\frac{7}{8}"}, {0x2190, "\\leftarrow "},
    {0x2192, "\\to "}, {0x2194, "\\leftrightarrow "}, {0x21D2, "\\Rightarrow "}, {0x21D4, "\\Leftrightarrow "},
    {0x2200, "\\forall "}, {0x2202, "\\partial "}, {0x2203, "\\exists "}, {0x2205, "\\emptyset "}, {0x2206, "\\Delta "},
    {0x2207, "\\nabla "}, {0x2208, "\\in "}, {0x2209, "\\notin "}, {0x220F, "\\prod "}, {0x2211, "\\sum "},
    {0x2212, "-"}, {0x2213, "\\mp "}, {0x2215, "/"}, {0x2216, "\\setminus "}, {0x2217, "*"}, {0x2218, "\\circ "},
    {0x2219, "\\cdot "}, {0x221D, "\\propto "}, {0x221E, "\\infty "}, {0x2220, "\\angle "}, {0x2223, "\\mid "},
    {0x2225, "\\parallel "}, {0x2227, "\\land "}, {0x2228, "\\lor "}, {0x2229, "\\cap "}, {0x222A, "\\cup "},
    {0x222B, "\\int "}, {0x2234, ""}, {0x2235, ""}, {0x2236, ":"}, {0x223C, "\\sim "}, {0x2245, "\\cong "},
    {0x2248, "\\approx "}, {0x2260, "\\neq "}, {0x2261, "\\equiv "}, {0x2264, "\\leq "}, {0x2265, "\\geq "},
    {0x2266, "\\leq "}, {0x2267, "\\geq "}, {0x2282, "\\subset "}, {0x2286, "\\subseteq "}, {0x22A5, "\\perp "},
    {0x22C0, "\\land "}, {0x22C5, "\\cdot "}, {0x22EF, "\\ldots "}, {0x2308, "\\lceil "}, {0x2309, "\\rceil "},
    {0x230A, "\\lfloor "}, {0x230B, "\\rfloor "}, {0x25B3, "\\triangle "}, {0x25CB, "\\circ "}, {0x25E6, "\\circ "},
    {0x2713, ""}, {0x2715, "\\times "}, {0x2716, "\\times "}, {0x27E8, "\\langle "}, {0x27E9, "\\rangle "},
    {0x2A7D, "\\leq "}, {0x2A7E, "\\geq "}, {0x2A2F, "\\times "}, {0x3000, " "}, {0x3001, ","}, {0x3002, "."},
    {0xFE0F, ""}, {0xFEFF, ""}, {0xFFE1, "\\pounds "}, {0xFFE5, "\\yen "}, {0xFFFD, ""},
};

constexpr std::array<std::string_view, 25> kGreekLower = {
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
    "xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"};
constexpr std::array<std::string_view, 25> kGreekUpper = {
    "A", "B", "\\Gamma ", "\\Delta ", "E", "Z", "H", "\\Theta ", "I", "K", "\\Lambda ", "M", "N",
    "\\Xi ", "O", "\\Pi ", "P", "\\Sigma ", "\\Sigma ", "T", "\\Upsilon ", "\\Phi ", "X", "\\Psi ", "\\Omega "};

// "", or what a superscript character raises.
std::string_view superscript(char32_t code) {
  static constexpr std::string_view kDigits = "0123456789+-=()n";
  if (code == 0xB2) return "2";
  if (code == 0xB3) return "3";
  if (code == 0xB9) return "1";
  if (code == 0x2071) return "i";
  if (code == 0x02E3) return "x";
  if (code == 0x2070 || (code >= 0x2074 && code <= 0x207F)) return kDigits.substr(code - 0x2070, 1);
  return "";
}

std::string_view subscript(char32_t code) {
  static constexpr std::string_view kDigits = "0123456789+-=()";
  static constexpr std::string_view kLetters = "aeoxehklmnpst";
  if (code >= 0x2080 && code <= 0x208E) return kDigits.substr(code - 0x2080, 1);
  if (code >= 0x2090 && code <= 0x209C) return kLetters.substr(code - 0x2090, 1);
  return code == 0x1D62 ? "i" : code == 0x2C7C ? "j" : "";
}

// Mathematical alphanumerics: thirteen styles of 52 letters, then Greek, then five styles of ten digits.
std::string mathematical_letter(char32_t code) {
  if (code >= 0x1D7CE) return std::string(1, static_cast<char>('0' + (code - 0x1D7CE) % 10));
  if (code < 0x1D6A4) {
    const char32_t index = (code - 0x1D400) % 52;
    return std::string(1, static_cast<char>(index < 26 ? 'A' + index : 'a' + (index - 26)));
  }
  const char32_t index = (code - 0x1D6A8) % 58;
  if (code < 0x1D6A8 || index < 25) return "";
  return index - 26 < kGreekLower.size() ? cat("\\", kGreekLower[index - 26], " ") : "";
}

void append_spelling(std::string& out, char32_t code) {
  if (code >= 0xFF01 && code <= 0xFF5E) {
    out += static_cast<char>(code - 0xFEE0);
  } else if (code >= 0x03B1 && code <= 0x03C9) {
    out += cat("\\", kGreekLower[code - 0x03B1], " ");
  } else if (code >= 0x0391 && code <= 0x03A9) {
    out += kGreekUpper[code - 0x0391];
  } else if (code >= 0x1D400 && code <= 0x1D7FF) {
    out += mathematical_letter(code);
  } else if (code >= 0x2000 && code <= 0x2008) {
    out += ' ';
  } else {
    const auto found = std::lower_bound(std::begin(kSpellings), std::end(kSpellings), code,
                                        [](const Spelling& s, char32_t c) { return s.code < c; });
    if (found != std::end(kSpellings) && found->code == code) {
      out += found->latex;
    } else {
      base::append_utf8(out, code);
    }
  }
}

// A run of script characters, as one group: x<sup>-</sup><sup>1</sup> becomes x^{-1}.
template <class Script>
bool take_script(std::u32string_view text, size_t& at, Script script, std::string_view opening, std::string& out) {
  if (script(text[at]).empty()) return false;
  out += opening;
  for (; at < text.size() && !script(text[at]).empty(); ++at) out += script(text[at]);
  out += '}';
  return true;
}

// Roots of code points: the radicand may stand bare, as in a plain "\sqrt 3".
std::string_view root(char32_t code) {
  return code == 0x221A ? "\\sqrt " : code == 0x221B ? "\\sqrt[3] " : code == 0x221C ? "\\sqrt[4] " : "";
}

}  // namespace

std::string to_latex(std::string_view utf8) {
  const bool is_ascii =
      std::all_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (is_ascii) return std::string(utf8);
  const std::u32string text = base::decode_utf8(base::repair_utf8(utf8));
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (take_script(text, at, superscript, "^{", out) || take_script(text, at, subscript, "_{", out)) continue;
    if (const std::string_view command = root(text[at]); !command.empty()) {
      out += command;
    } else if (text[at] < 0x80) {
      out += static_cast<char>(text[at]);
    } else {
      append_spelling(out, text[at]);
    }
    ++at;
  }
  return out;
}

}  // namespace lockstep::rewards::math
