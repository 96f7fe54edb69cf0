// SPDX-License-Identifier: Apache-2.0
// Tables of words. Each row of a table lists a canonical name and its other spellings.
#include "rewards/math/words.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "base/text.h"

namespace lockstep::rewards::math {
namespace {

using Table = std::unordered_map<std::string_view, std::string_view>;

// Rows are words separated by spaces; the first is what the others stand for.
template <size_t N>
Table make_table(const std::array<std::string_view, N>& rows) {
  Table table;
  for (std::string_view row : rows) {
    const std::string_view name = row.substr(0, row.find(' '));
    for (size_t at = 0; at < row.size();) {
      const size_t end = std::min(row.find(' ', at), row.size());
      table[row.substr(at, end - at)] = name;
      at = end + 1;
    }
  }
  return table;
}

constexpr std::array<std::string_view, 67> kUnits = {
    "mm millimeter millimeters millimetre millimetres",
    "cm centimeter centimeters centimetre centimetres cms",
    "dm decimeter decimeters decimetre decimetres",
    "m meter meters metre metres",
    "km kilometer kilometers kilometre kilometres kms",
    "in inch inches",
    "ft foot feet",
    "yd yard yards",
    "mi mile miles",
    "ms millisecond milliseconds",
    "s sec secs second seconds",
    "min mins minute minutes",
    "h hr hrs hour hours",
    "day days",
    "week weeks wk wks",
    "month months",
    "year years yr yrs",
    "mg milligram milligrams",
    "g gram grams",
    "kg kilogram kilograms kgs",
    "lb lbs pound pounds",
    "oz ounce ounces",
    "ton tons tonne tonnes",
    "ml milliliter milliliters millilitre millilitres",
    "l liter liters litre litres",
    "gal gallon gallons",
    "cup cups",
    "pint pints",
    "quart quarts",
    "dollar dollars usd bucks",
    "cent cents",
    "euro euros eur",
    "pound_sterling gbp",
    "yen jpy",
    "yuan rmb cny",
    "rupee rupees inr",
    "n newton newtons",
    "j joule joules",
    "kj kilojoule kilojoules",
    "w watt watts",
    "kw kilowatt kilowatts",
    "v volt volts",
    "a amp amps ampere amperes",
    "ohm ohms",
    "pa pascal pascals",
    "hz hertz",
    "k kelvin kelvins",
    "mol mole moles",
    "ev",
    "rad radian radians",
    "mph",
    "kph kmh",
    "unit units",
    "point points pts",
    "people person persons",
    "way ways",
    "time times",
    "student students",
    "acre acres",
    "hectare hectares",
    "am a.m. a.m",
    "pm p.m. p.m",
    "digit digits",
    "revolution revolutions rev",
    "byte bytes",
    "bit bits",
    "dozen dozens",
};

constexpr std::array<std::string_view, 31> kFunctions = {
    "sin", "cos", "tan", "cot cotan", "sec", "csc cosec", "asin arcsin", "acos arccos", "atan arctan", "acot arccot",
    "asec arcsec", "acsc arccsc", "sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh arcsinh arsinh",
    "acosh arccosh arcosh", "atanh arctanh artanh", "cis", "ln", "log", "lg", "exp", "gcd", "lcm", "max", "min", "det"};

constexpr std::array<std::string_view, 31> kGreek = {
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota",
    "kappa", "lambda", "mu", "nu", "xi", "rho", "varrho", "sigma", "tau", "upsilon",
    "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Omega", "Phi"};

const Table& units() {
  static const Table table = make_table(kUnits);
  return table;
}

// One unit with its power: "square feet", "cm squared", "cubic m", "sq. ft".
std::optional<std::string> simple_unit(std::string_view phrase) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kBefore = {
      {{"square ", "^2"}, {"sq. ", "^2"}, {"sq ", "^2"}, {"cubic ", "^3"}, {"cu ", "^3"}}};
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kAfter = {
      {{" squared", "^2"}, {" cubed", "^3"}}};
  std::string_view power;
  for (const auto& [word, exponent] : kBefore) {
    if (phrase.substr(0, word.size()) != word) continue;
    phrase.remove_prefix(word.size());
    power = exponent;
    break;
  }
  for (const auto& [word, exponent] : kAfter) {
    if (phrase.size() <= word.size() || phrase.substr(phrase.size() - word.size()) != word) continue;
    phrase.remove_suffix(word.size());
    power = exponent;
  }
  const auto found = units().find(phrase);
  if (found == units().end()) return std::nullopt;
  return cat(found->second, power);
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::optional<std::string> unit_name(std::string_view phrase) {
  if (phrase == "mph") return "mi/h";
  if (phrase == "kph" || phrase == "kmh") return "km/h";
  const size_t per = phrase.find(" per "), slash = phrase.find('/');
  if (per == std::string_view::npos && slash == std::string_view::npos) return simple_unit(phrase);
  const bool is_word = per != std::string_view::npos;
  const auto above = simple_unit(base::trim(phrase.substr(0, is_word ? per : slash)));
  const auto below = simple_unit(base::trim(phrase.substr(is_word ? per + 5 : slash + 1)));
  if (!above || !below) return std::nullopt;
  return cat(*above, "/", *below);
}

std::string canonical_unit(std::string_view product) {
  std::map<std::string, int> powers;
  int sign = 1;
  for (size_t at = 0; at < product.size();) {
    const size_t end = std::min(product.find_first_of(" /", at), product.size());
    const std::string_view factor = product.substr(at, end - at);
    const size_t caret = std::min(factor.find('^'), factor.size());
    int power = 1;
    if (caret < factor.size()) {
      const std::string_view digits = factor.substr(caret + 1);
      const bool is_negative = !digits.empty() && digits[0] == '-';
      const bool is_digit = digits.size() == (is_negative ? 2U : 1U) && digits.back() >= '0' && digits.back() <= '9';
      if (!is_digit) return std::string(product);
      power = is_negative ? '0' - digits.back() : digits.back() - '0';
    }
    if (caret > 0) powers[std::string(factor.substr(0, caret))] += sign * power;
    sign = end < product.size() && product[end] == '/' ? -1 : 1;
    at = end + 1;
  }
  std::string result;
  for (const auto& [name, power] : powers) {
    if (!result.empty()) result += ' ';
    result += name;
    if (power != 1) result += cat("^", power);
  }
  return result;
}

std::optional<int> power_of_ten(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, int>, 5> kMagnitudes = {
      {{"hundred", 2}, {"thousand", 3}, {"million", 6}, {"billion", 9}, {"trillion", 12}}};
  for (const auto& [name, power] : kMagnitudes) {
    if (word == name) return power;
  }
  return std::nullopt;
}

std::string singular(std::string_view noun) {
  const auto ends = [&](std::string_view suffix) {
    return noun.size() > suffix.size() + 1 && noun.substr(noun.size() - suffix.size()) == suffix;
  };
  if (ends("ies")) return cat(noun.substr(0, noun.size() - 3), "y");
  if (ends("ches") || ends("shes") || ends("xes") || ends("sses")) return std::string(noun.substr(0, noun.size() - 2));
  if (ends("s") && !ends("ss")) return std::string(noun.substr(0, noun.size() - 1));
  return std::string(noun);
}

bool is_measure(std::string_view phrase) {
  static constexpr std::array<std::string_view, 40> kFunctionWords = {
      "is", "are", "was", "be", "not", "no", "if", "when", "where", "then", "than", "but", "only", "at", "least",
      "most", "more", "less", "for", "else", "none", "never", "true", "false", "with", "mod", "to", "from", "since",
      "about", "because", "either", "some", "any", "maybe", "which", "that", "this", "other", "into"};
  size_t num_words = 0;
  for (size_t begin = 0; begin < phrase.size(); ++num_words) {
    const size_t end = std::min(phrase.find(' ', begin), phrase.size());
    const std::string_view word = phrase.substr(begin, end - begin);
    if (std::find(kFunctionWords.begin(), kFunctionWords.end(), word) != kFunctionWords.end()) return false;
    begin = end + 1;
  }
  return num_words <= 4;
}

bool is_conjunction(std::string_view lower) { return lower == "and" || lower == "or"; }

bool is_percent_word(std::string_view lower) {
  return lower == "percent" || lower == "pct" || lower == "percents" || lower == "percentage" || lower == "per cent";
}

bool is_degree_word(std::string_view lower) { return lower == "degree" || lower == "degrees" || lower == "deg"; }

std::string command_of_word(std::string_view lower) {
  if (!function_of_command(lower).empty() && lower != "min" && lower != "det") return std::string(lower);
  if (is_greek(lower)) return std::string(lower);
  if (lower == "pi") return "pi";
  if (lower == "sqrt") return "sqrt";
  if (lower == "cbrt") return "cbrt";
  if (lower == "infinity" || lower == "inf" || lower == "oo" || lower == "infty") return "infty";
  if (lower == "abs") return "abs";
  if (lower == "floor" || lower == "ceil" || lower == "ceiling") return lower == "floor" ? "floor" : "ceil";
  if (lower == "emptyset") return "emptyset";
  return "";
}

std::string_view function_of_command(std::string_view command) {
  static const Table table = make_table(kFunctions);
  const auto found = table.find(command);
  return found == table.end() ? std::string_view() : found->second;
}

bool is_greek(std::string_view command) { return std::find(kGreek.begin(), kGreek.end(), command) != kGreek.end(); }

bool is_product_of_variables(std::string_view letters) {
  static constexpr std::array<std::string_view, 12> kWords = {"no", "is", "in", "of", "to", "by",
                                                              "at", "on", "it", "we", "so", "as"};
  if (letters.size() <= 2) return std::find(kWords.begin(), kWords.end(), lower_case(letters)) == kWords.end();
  // No word lacks a vowel: mgh, rst.
  const auto is_consonant = [](char c) {
    return c >= 'b' && c <= 'z' && std::string_view("aeiouy").find(c) == std::string_view::npos;
  };
  if (letters.size() <= 5 && std::all_of(letters.begin(), letters.end(), is_consonant)) return true;
  // Longer ones only from neighbours in the alphabet, each at most once: abc, xyz, mnk. Everything else is a word or a
  // name like ABC, whose letters do not commute.
  static constexpr std::array<std::string_view, 6> kFamilies = {"abcd", "xyzw", "mnkl", "pqrs", "uvw", "ijk"};
  for (std::string_view family : kFamilies) {
    if (!std::all_of(letters.begin(), letters.end(), [&](char c) { return family.find(c) != family.npos; })) continue;
    return std::all_of(letters.begin(), letters.end(),
                       [&](char c) { return std::count(letters.begin(), letters.end(), c) == 1; });
  }
  return false;
}

}  // namespace lockstep::rewards::math
