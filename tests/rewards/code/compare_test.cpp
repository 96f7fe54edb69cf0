// SPDX-License-Identifier: Apache-2.0
// When outputs are the same: laws of each rule, and the numbers that may be written differently.
#include "rewards/code/compare.h"

#include <doctest/doctest.h>

#include <vector>

namespace lockstep::rewards::code {
namespace {

const std::vector<std::string> kRules = {"lines", "tokens", "exact"};
const std::vector<std::string> kOutputs = {"",           "1",    "1\n", " 1 ", "1\n2",       "1 2",     "2 1",
                                           "1\n\n2",     "1.0",  "a",   "A",   "a b\nc d\n", "a b c d", "0.1",
                                           "0.10000001", "x\ny", "xy",  "1 1", "1\r\n2\r\n"};

TEST_CASE("compare: every rule is reflexive and symmetric") {
  for (const std::string& rule : kRules) {
    for (const std::string& a : kOutputs) {
      CHECK(outputs_equal(a, a, {rule, 0}));
      for (const std::string& b : kOutputs) CHECK(outputs_equal(a, b, {rule, 0}) == outputs_equal(b, a, {rule, 0}));
    }
  }
}

TEST_CASE("compare: what is equal by bytes is equal by lines, and what is equal by lines is equal by tokens") {
  for (const std::string& a : kOutputs) {
    for (const std::string& b : kOutputs) {
      if (outputs_equal(a, b, {"exact", 0})) CHECK(outputs_equal(a, b, {"lines", 0}));
      if (outputs_equal(a, b, {"lines", 0})) CHECK(outputs_equal(a, b, {"tokens", 0}));
    }
  }
}

TEST_CASE("compare: the whole output counts: no prefix, no suffix and no extra line is enough") {
  const std::string output = "12\n34 56\n7";
  for (const std::string& rule : kRules) {
    for (size_t length = 0; length < output.size(); ++length) {
      CHECK_FALSE(outputs_equal(output.substr(0, length), output, {rule, 0}));
      CHECK_FALSE(outputs_equal(output, output.substr(0, length), {rule, 0}));
      if (length > 0) CHECK_FALSE(outputs_equal(output.substr(length), output, {rule, 0}));
    }
    CHECK_FALSE(outputs_equal(output + "\n0", output, {rule, 0}));
    CHECK_FALSE(outputs_equal("0\n" + output, output, {rule, 0}));
  }
}

TEST_CASE("compare: lines forgives white space around lines and at the end, and nothing else") {
  const OutputRule lines = {"lines", 0};
  CHECK(outputs_equal("1 \n 2\n\n", "1\n2", lines));
  CHECK(outputs_equal("1\r\n2\r\n", "1\n2", lines));
  CHECK_FALSE(outputs_equal("1\n\n2", "1\n2", lines));
  CHECK_FALSE(outputs_equal("1 2", "1\n2", lines));
  CHECK(outputs_equal("1  2", "1 2", lines));
  CHECK_FALSE(outputs_equal(std::string_view("a\0b", 3), "a", lines));
  CHECK_FALSE(outputs_equal(std::string_view("1\0", 2), "1", lines));
  CHECK_FALSE(outputs_equal("Yes", "YES", lines));
  CHECK(outputs_equal("1 2", "1\n2", {"tokens", 0}));
  CHECK_FALSE(outputs_equal("12", "1\n2", {"tokens", 0}));
}

TEST_CASE("compare: a number may be written differently, but is compared exactly") {
  const OutputRule lines = {"lines", 0};
  for (const auto& [a, b] : std::vector<std::pair<const char*, const char*>>{
           {"1", "1.0"}, {"-0", "0"}, {"1e3", "1000"}, {"0.50", ".5"}, {"+7", "7"}, {"007", "7"}, {"15e-1", "1.5"}}) {
    CAPTURE(a);
    CHECK(outputs_equal(a, b, lines));
    CHECK_FALSE(outputs_equal(a, b, {"exact", 0}));
  }
  for (const auto& [a, b] :
       std::vector<std::pair<const char*, const char*>>{{"1", "1.0000000000000000001"},
                                                        {"0.1", "0.10000000000000000555"},
                                                        {"1", "-1"},
                                                        {"1", "10"},
                                                        {"1e1", "1"},
                                                        {"1.", "1x"},
                                                        {"0x10", "16"},
                                                        {"nan", "NaN"},
                                                        {"1_000", "1000"},
                                                        {"1,000", "1000"},
                                                        {"e3", "1000"},
                                                        {".", "0"},
                                                        {"1e", "1"},
                                                        {"1e99999999999999999999", "1e99999999999999999998"},
                                                        {"--1", "1"}}) {
    CAPTURE(a);
    CHECK_FALSE(outputs_equal(a, b, lines));
  }
}

TEST_CASE("compare: a tolerance is relative above 1 and absolute below, for numbers only") {
  const OutputRule near = {"lines", 1e-6};
  CHECK(outputs_equal("0.33333", "0.333333", {"lines", 1e-5}));
  CHECK_FALSE(outputs_equal("0.33333", "0.333333", near));
  CHECK(outputs_equal("1000000.5", "1000000", near));
  CHECK_FALSE(outputs_equal("1000002", "1000000", near));
  CHECK(outputs_equal("0.0000001", "0", near));
  CHECK_FALSE(outputs_equal("abc", "abd", near));
  CHECK_FALSE(outputs_equal("inf", "1", near));
}

TEST_CASE("compare: megabytes of one token, of lines and of spaces are compared in linear time") {
  const std::string digits(1 << 20, '7'), spaces(1 << 20, ' ');
  std::string lines, numbers;
  while (lines.size() < 1 << 20) lines += "\n1";
  while (numbers.size() < 1 << 20) numbers += "1.0 ";
  for (const std::string& rule : kRules) {
    CHECK_FALSE(outputs_equal(digits + "1", digits + "2", {rule, 0}));
    CHECK_FALSE(outputs_equal(spaces + "1", spaces + "2", {rule, 1e-6}));
    CHECK_FALSE(outputs_equal(lines, lines + "\n2", {rule, 0}));
    CHECK_FALSE(outputs_equal(numbers + "1", numbers + "2", {rule, 0}));
  }
}

}  // namespace
}  // namespace lockstep::rewards::code
