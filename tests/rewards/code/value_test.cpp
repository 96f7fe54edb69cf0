// SPDX-License-Identifier: Apache-2.0
// Exact JSON values: reading is the inverse of writing, equality is Python's.
#include "rewards/code/value.h"

#include <doctest/doctest.h>

#include "base/rng.h"

namespace lockstep::rewards::code {
namespace {

bool equal(std::string_view a, std::string_view b, double tolerance = 0) {
  const auto got = parse_value(a), expected = parse_value(b);
  REQUIRE(got.has_value());
  REQUIRE(expected.has_value());
  return values_equal(*got, *expected, tolerance);
}

const std::vector<std::string> kDistinct = {"null",
                                            "0",
                                            "1",
                                            "-1",
                                            "2",
                                            "0.5",
                                            "1e300",
                                            "123456789012345678901234567890",
                                            "123456789012345678901234567891",
                                            "\"\"",
                                            "\"1\"",
                                            "\"a\"",
                                            "\"A\"",
                                            "[]",
                                            "[1]",
                                            "[1,2]",
                                            "[2,1]",
                                            "[[1]]",
                                            "[null]",
                                            "{}",
                                            "{\"a\":1}",
                                            "{\"a\":2}",
                                            "{\"b\":1}",
                                            "{\"a\":1,\"b\":2}",
                                            "[{}]",
                                            "9007199254740993",
                                            "9007199254740992"};

TEST_CASE("value: each of these equals itself and no other, in either order") {
  for (const std::string& a : kDistinct) {
    for (const std::string& b : kDistinct) {
      CAPTURE(a);
      CAPTURE(b);
      CHECK(equal(a, b) == (a == b));
    }
  }
}

TEST_CASE("value: writing and reading again gives an equal value") {
  for (const std::string& text : kDistinct) {
    const auto value = parse_value(text);
    const auto again = parse_value(to_text(*value));
    REQUIRE(again.has_value());
    CHECK(values_equal(*again, *value, 0));
    CHECK(to_text(*again) == to_text(*value));
  }
  CHECK(to_text(*parse_value("\"\\u00e9\\n\"")) == "\"\\u00e9\\n\"");
}

TEST_CASE("value: numbers are equal as in Python, whatever their kind") {
  for (const auto& [a, b] : std::vector<std::pair<const char*, const char*>>{{"1", "1.0"},
                                                                             {"true", "1"},
                                                                             {"false", "0"},
                                                                             {"-0", "0"},
                                                                             {"0", "-0.0"},
                                                                             {"1e2", "100"},
                                                                             {"9007199254740992", "9007199254740992.0"},
                                                                             {"1e22", "10000000000000000000000"}}) {
    CAPTURE(a);
    CHECK(equal(a, b));
    CHECK(equal(b, a));
  }
  CHECK_FALSE(equal("9007199254740993", "9007199254740992.0"));
  CHECK_FALSE(equal("1e23", "100000000000000000000000"));  // the double is 99999999999999991611392
  CHECK_FALSE(equal("true", "2"));
  CHECK_FALSE(equal("true", "\"true\""));
}

TEST_CASE("value: a tolerance holds for reals only, and grows with what is expected") {
  CHECK_FALSE(equal("0.3333333", "0.33333333"));
  CHECK(equal("0.3333333", "0.33333333", 1e-6));
  CHECK(equal("1000001.0", "1000000.5", 1e-6));
  CHECK_FALSE(equal("1000002.0", "1000000.5", 1e-6));
  CHECK(equal("[0.1, {\"a\": 2.0000001}]", "[0.1, {\"a\": 2}]", 1e-6));
  CHECK_FALSE(equal("1000001", "1000000", 1e-3));
}

TEST_CASE("value: the order of keys does not count, and the last of equal keys does") {
  CHECK(equal("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"));
  CHECK(equal("{\"a\":1,\"a\":2}", "{\"a\":2}"));
  CHECK_FALSE(equal("{\"a\":1,\"a\":2}", "{\"a\":1}"));
}

TEST_CASE("value: ill-formed, deep and hostile text is no value") {
  for (const std::string& text :
       {std::string(), std::string("["), std::string("1 2"), std::string("NaN"), std::string("Infinity"),
        std::string("01"), std::string("'a'"), std::string("\"\xff\""), std::string("\"\\ud800\""), std::string("nul"),
        std::string("[1,]"), std::string("1\0", 2), std::string(101, '[') + std::string(101, ']'),
        std::string(1 << 20, '['), std::string("1e999")}) {
    CAPTURE(text.substr(0, 20));
    CHECK_FALSE(parse_value(text).has_value());
  }
  CHECK(parse_value(std::string(100, '[') + std::string(100, ']')).has_value());
}

TEST_CASE("value: random bytes are refused or read, and never anything else") {
  const std::string_view alphabet = "[]{}\",:0123456789.-eEtrufalsn\\ \xff";
  base::Random rng(7, "value_test");
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (uint64_t i = rng.below(24); i > 0; --i) text += alphabet[rng.below(alphabet.size())];
    const auto value = parse_value(text);
    if (!value) continue;
    const auto again = parse_value(to_text(*value));
    REQUIRE(again.has_value());
    CHECK(values_equal(*again, *value, 0));
  }
}

}  // namespace
}  // namespace lockstep::rewards::code
