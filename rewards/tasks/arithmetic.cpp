// SPDX-License-Identifier: Apache-2.0
// Arithmetic tasks: sums, products, chains modulo m, and which of two decimals is larger (9.9 or 9.11?).
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/text.h"
#include "rewards/tasks/generators.h"

namespace lockstep::rewards {
namespace {

std::optional<Problem> propose_chain_sum(const TaskParameters& p, base::Random& random) {
  const std::vector<int64_t> terms = draw_terms(random, p.integer("min_terms"), p.integer("max_terms"),
                                                p.integer("min_value"), p.integer("max_value"));
  return Problem{.content = chain_sum_content(terms),
                 .short_question = cat(join_numbers(terms, "+"), "=?"),
                 .question = cat("What is ", join_numbers(terms, " + "), "?"),
                 .chinese_question = cat(join_numbers(terms, " + "), " 等于多少?"),
                 .answer = std::to_string(std::accumulate(terms.begin(), terms.end(), int64_t{0})),
                 .difficulty = static_cast<int64_t>(terms.size())};
}

int64_t power_of_ten(int64_t digits) {
  int64_t power = 1;
  for (int64_t i = 0; i < digits; ++i) power *= 10;
  return power;
}

std::optional<Problem> propose_products(const TaskParameters& p, base::Random& random) {
  const int64_t num_factors = random.between(p.integer("min_factors"), p.integer("max_factors"));
  std::vector<int64_t> factors;
  int64_t product = 1;  // at most 3 factors below 10^6
  int64_t num_digits = 0;
  for (int64_t i = 0; i < num_factors; ++i) {
    const int64_t digits = random.between(p.integer("min_digits"), p.integer("max_digits"));
    factors.push_back(random.between(digits == 1 ? 2 : power_of_ten(digits - 1), power_of_ten(digits) - 1));
    product *= factors.back();
    num_digits += digits;
  }
  std::vector<int64_t> sorted = factors;  // 3*4 and 4*3 are one problem
  std::sort(sorted.begin(), sorted.end());
  return Problem{.content = join_numbers(sorted, "-"),
                 .short_question = cat(join_numbers(factors, "*"), "=?"),
                 .question = cat("What is ", join_numbers(factors, " * "), "?"),
                 .answer = std::to_string(product),
                 .difficulty = num_digits};
}

std::optional<Problem> propose_mod_chain(const TaskParameters& p, base::Random& random) {
  const int64_t modulus = random.between(p.integer("min_modulus"), p.integer("max_modulus"));
  const int64_t num_steps = random.between(p.integer("min_steps"), p.integer("max_steps"));
  const int64_t max_operand = p.integer("max_operand");
  int64_t value = random.between(0, max_operand);
  std::string terse = std::to_string(value);
  std::string prose = cat("Start with ", value, ".");
  value %= modulus;
  for (int64_t step = 0; step < num_steps; ++step) {
    const int64_t operand = random.between(2, max_operand);
    switch (random.below(3)) {
      case 0:
        value = (value + operand) % modulus;
        terse += cat(" +", operand);
        prose += cat(" Add ", operand, ".");
        break;
      case 1:
        value = ((value - operand) % modulus + modulus) % modulus;
        terse += cat(" -", operand);
        prose += cat(" Subtract ", operand, ".");
        break;
      default:
        value = value * operand % modulus;
        terse += cat(" *", operand);
        prose += cat(" Multiply by ", operand, ".");
    }
  }
  terse += cat(" mod ", modulus);
  return Problem{.content = terse,
                 .short_question = cat(terse, "=?"),
                 .question = cat(prose, " What is the remainder (0 or more) when the result is divided by ",
                                 modulus, "?"),
                 .answer = std::to_string(value),
                 .difficulty = num_steps};
}

std::string draw_fraction_digits(base::Random& random, int64_t num_digits) {
  std::string digits;
  for (int64_t i = 1; i < num_digits; ++i) digits += static_cast<char>('0' + random.below(10));
  digits += static_cast<char>('1' + random.below(9));  // no trailing zero: 9.90 would equal 9.9
  return digits;
}

// Fractions without trailing zeros compare like text: "9" > "11" because 0.9 > 0.11.
std::optional<Problem> propose_decimal_compare(const TaskParameters& p, base::Random& random) {
  const int64_t min_decimals = p.integer("min_decimals"), max_decimals = p.integer("max_decimals");
  const int64_t first_integer = random.between(0, p.integer("max_integer"));
  const int64_t second_integer =
      random.chance(p.number("same_integer")) ? first_integer : random.between(0, p.integer("max_integer"));
  const std::string first = draw_fraction_digits(random, random.between(min_decimals, max_decimals));
  const std::string second = draw_fraction_digits(random, random.between(min_decimals, max_decimals));
  if (first_integer == second_integer && first == second) return std::nullopt;
  const bool is_first_larger =
      first_integer != second_integer ? first_integer > second_integer : first > second;
  if (first_integer == second_integer) {
    // The trap: the larger number has fewer digits, so that reading the fractions as integers gives the wrong
    // answer.
    const bool is_trap = is_first_larger ? first.size() < second.size() : second.size() < first.size();
    if (is_trap != random.chance(p.number("trap"))) return std::nullopt;
  }
  const std::string a = cat(first_integer, ".", first), b = cat(second_integer, ".", second);
  return Problem{.content = cat(std::min(a, b), "|", std::max(a, b)),
                 .short_question = cat("larger of ", a, " and ", b, "=?"),
                 .question = cat("Which number is larger, ", a, " or ", b, "?"),
                 .answer = is_first_larger ? a : b,
                 .difficulty = static_cast<int64_t>(std::max(first.size(), second.size()))};
}

void check_decimal_compare(const TaskParameters& p, const std::string& where) {
  if (p.number("trap") > 0 && p.integer("min_decimals") == p.integer("max_decimals")) {
    throw Error(cat("trap = ", p.number("trap"),
                    " needs fractions of different lengths, but min_decimals = max_decimals = ",
                    p.integer("max_decimals")),
                where, "set trap to 0 or raise max_decimals");
  }
}

}  // namespace

std::vector<int64_t> draw_terms(
    base::Random& random, int64_t min_terms, int64_t max_terms, int64_t low, int64_t high) {
  std::vector<int64_t> terms(static_cast<size_t>(random.between(min_terms, max_terms)));
  for (int64_t& term : terms) term = random.between(low, high);
  return terms;
}

std::string chain_sum_content(const std::vector<int64_t>& terms) { return join_numbers(terms, "-"); }

TaskKind chain_sum_task() {
  return {"chain_sum", "the sum of several numbers",
          with_wording(
              {whole("min_terms", "fewest terms", 4, 2, 64), whole("max_terms", "most terms", 6, 2, 64),
               whole("min_value", "smallest term", 1, 0, 1e9), whole("max_value", "largest term", 9, 0, 1e9),
               option("language",
                      "of the prompt, named in a column `language`; both: English for even indices; unset: English, without "
                      "that column",
                      "unset", {"unset", "en", "zh", "both"})},
              "dialogue"),
          nullptr, propose_chain_sum};
}

TaskKind products_task() {
  return {"products", "the product of two or three numbers",
          with_wording({whole("min_factors", "fewest factors", 2, 2, 3),
                        whole("max_factors", "most factors", 2, 2, 3),
                        whole("min_digits", "fewest digits of a factor", 1, 1, 6),
                        whole("max_digits", "most digits of a factor", 2, 1, 6)}),
          nullptr, propose_products};
}

TaskKind mod_chain_task() {
  return {"mod_chain", "additions, subtractions and multiplications in a row, then the remainder",
          with_wording({whole("min_steps", "fewest operations", 2, 1, 64),
                        whole("max_steps", "most operations", 4, 1, 64),
                        whole("min_modulus", "smallest modulus", 5, 2, 1e6),
                        whole("max_modulus", "largest modulus", 19, 2, 1e6),
                        whole("max_operand", "largest start value and operand", 9, 2, 1e6)}),
          nullptr, propose_mod_chain};
}

TaskKind decimal_compare_task() {
  return {"decimal_compare", "the larger of two decimals (is 9.9 or 9.11 larger?)",
          with_wording(
              {whole("max_integer", "largest integer part", 99, 0, 1e9),
               whole("min_decimals", "fewest digits after the point", 1, 1, 12),
               whole("max_decimals", "most digits after the point", 3, 1, 12),
               share("same_integer", "chance that the integer parts are made equal", 0.75),
               share("trap",
                     "share of traps (the longer fraction is the smaller number) among equal integer parts",
                     0.5)}),
          check_decimal_compare, propose_decimal_compare};
}

}  // namespace lockstep::rewards
