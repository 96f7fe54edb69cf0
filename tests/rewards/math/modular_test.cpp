// SPDX-License-Identifier: Apache-2.0
// Fingerprints: the moduli are what they claim to be, and identities of rational functions are kept.
#include "rewards/math/modular.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "rewards/math/parser.h"

namespace lockstep::rewards::math {
namespace {

std::optional<Fingerprint> print_of(std::string_view text, uint64_t point = 0) {
  const Limits limits;
  Budget budget(limits.max_steps);
  const auto expression = parse(tokenize(text, {}, limits).list, limits);
  if (!expression) return std::nullopt;
  return fingerprint({&*expression, expression->root, 0}, {budget, limits}, point);
}

TEST_CASE("fingerprints: identities hold at every point") {
  const std::pair<const char*, const char*> identities[] = {
      {"(x+1)^3", "x^3+3x^2+3x+1"},
      {"\\frac{1}{x}-\\frac{1}{x+1}", "\\frac{1}{x(x+1)}"},
      {"\\frac{x^5-y^5}{x-y}", "x^4+x^3y+x^2y^2+xy^3+y^4"},
      {"(1+i)^8", "16"},
      {"f(x+1)", "f(1+x)"},
      {"7^{10000000}", "7 \\cdot 7^{9999999}"},
      {"2005!", "2005 \\cdot 2004!"},
      {"\\binom{n}{3}", "n(n-1)(n-2)/6"},
      {"\\sum_{k=1}^{20} k^3", "210^2"},
  };
  for (const auto& [left, right] : identities) {
    CAPTURE(left);
    for (uint64_t point = 0; point < 5; ++point) {
      REQUIRE(print_of(left, point));
      CHECK(print_of(left, point) == print_of(right, point));
      CHECK(print_of(left, point) != print_of(cat("1+", right), point));
    }
  }
}

TEST_CASE("fingerprints: nothing for what is not rational, not defined, or of a huge degree") {
  for (const char* text :
       {"\\sqrt{x}", "\\sin x", "2^x", "1/(x-x)", "x^{2^{61}}", "x^{1152921504606846868}", "\\infty", "0^0"}) {
    CHECK_MESSAGE(!print_of(text), text);
  }
}

TEST_CASE("fingerprints: Fermat's little theorem for the two moduli") {
  // a^(p-1) = 1 for many bases: with the square root of -1 that modular.cpp finds at compile time, no composite of this
  // size and form passes all of them.
  for (const char* prime : {"2305843009213693921", "1152921504606846869"}) {
    const auto modulus = *Integer::from_digits(prime)->to_int64();
    for (uint64_t base = 2; base < 40; ++base) {
      unsigned __int128 result = 1, square = base;
      for (auto exponent = static_cast<uint64_t>(modulus - 1); exponent != 0; exponent >>= 1) {
        if ((exponent & 1) != 0) result = result * square % static_cast<uint64_t>(modulus);
        square = square * square % static_cast<uint64_t>(modulus);
      }
      CHECK(static_cast<uint64_t>(result) == 1);
    }
    CHECK(modulus % 4 == 1);
  }
}

}  // namespace
}  // namespace lockstep::rewards::math
