// SPDX-License-Identifier: Apache-2.0
// The vocabulary of answers: units, names of functions and symbols, words that join or measure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep::rewards::math {

std::string lower_case(std::string_view text);  // ASCII

// The canonical name of a unit phrase in lower case: "centimeters" -> "cm", "square feet" -> "ft^2", "miles per hour" ->
// "mi/h", "USD" -> "dollar". Nothing for other phrases.
std::optional<std::string> unit_name(std::string_view phrase);

// A product of units in one spelling: "m s^-1" and "m/s" give "m s^-1", factors sorted, powers added.
std::string canonical_unit(std::string_view product);

// What a word of magnitude multiplies by, as a power of ten: "million" -> 6; nothing for other words.
std::optional<int> power_of_ten(std::string_view word);

// A noun that counts things, brought to the singular: "apples" -> "apple".
std::string singular(std::string_view noun);

// May the words behind an amount say what was counted ("red apples")? Not "is not the answer", "or more", "if n is even".
bool is_measure(std::string_view phrase);

bool is_conjunction(std::string_view lower);   // and, or
bool is_percent_word(std::string_view lower);  // percent, pct, ...
bool is_degree_word(std::string_view lower);

// What a bare word means as a LaTeX command: "sqrt", "pi", "infinity" -> "infty", "arcsin"; "" for other words.
std::string command_of_word(std::string_view lower);

// Functions that take an argument: sin, arcsin, log, ...; canonical names ("arcsin" -> "asin"); "" for other commands.
std::string_view function_of_command(std::string_view command);

bool is_greek(std::string_view command);

// Is a run of letters a product of variables ("xy", "abc") rather than a word?
bool is_product_of_variables(std::string_view letters);

}  // namespace lockstep::rewards::math
