// SPDX-License-Identifier: Apache-2.0
// The forms of tests in public data sets: each gives the same tests, and what cannot be read says why.
#include "rewards/code/test_cases.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace lockstep::rewards::code {
namespace {

using base::Json;

// Every way to write two tests of standard input and output.
std::vector<Json> stdio_rows() {
  const Json pairs = {{"inputs", {"1 2\n", "3"}}, {"outputs", {"3\n", "4"}}};
  const Json list = {{{"input", "1 2\n"}, {"output", "3\n"}, {"testtype", "stdin"}}, {{"input", "3"}, {"output", "4"}}};
  const Json typed = {{{"type", "stdin_stdout"}, {"input", "1 2\n"}, {"output", "3\n"}},
                      {{"type", "stdin_stdout"}, {"input", "3"}, {"output", "4"}}};
  return {{{"input_output", pairs.dump()}},
          {{"input_output", pairs}},
          {{"answer", pairs.dump()}},
          {{"answer", list.dump()}},
          {{"tests", list}},
          {{"test_cases", list.dump()}},
          {{"answer", {{"language", "python"}, {"test_cases", typed}}}},
          {{"answer", Json{{"tests", typed}}.dump()}},
          {{"public_test_cases", Json::array({list[0]}).dump()}, {"private_test_cases", Json::array({list[1]}).dump()}},
          {{"input_output", {{"inputs", {{"1 2", ""}, {"3"}}}, {"outputs", {{"3", ""}, 4}}}}}};
}

TEST_CASE("test_cases: every form of the same tests of standard input and output is read alike") {
  for (const Json& row : stdio_rows()) {
    CAPTURE(row.dump());
    const TestSet set = tests_of_row(row, "");
    CHECK(set.problem == "");
    REQUIRE(set.cases.size() == 2);
    CHECK_FALSE(set.cases[0].is_call);
    CHECK(set.cases[0].input == "1 2\n");
    CHECK(set.cases[0].output == "3\n");
    CHECK(set.cases[1].input == "3");
    CHECK(set.cases[1].output == "4");
  }
}

std::vector<Json> call_rows() {
  const Json pairs = {{"fn_name", "f"}, {"inputs", {{{1, 2}, "a"}, {{}, ""}}}, {"outputs", {3, 4}}};
  const Json bench = {{{"input", "[1, 2]\n\"a\""}, {"output", "3"}, {"testtype", "functional"}},
                      {{"input", "[]\n\"\""}, {"output", "4"}, {"testtype", "functional"}}};
  Json named = bench;
  for (Json& test : named) test["metadata"] = {{"func_name", "f"}};
  const Json synthetic = {{{"type", "function_call"}, {"fn_name", "f"}, {"input", {{1, 2}, "a"}}, {"output", 3}},
                          {{"type", "function_call"}, {"fn_name", "f"}, {"input", {Json::array(), ""}}, {"output", 4}}};
  return {{{"input_output", pairs.dump()}},
          {{"answer", pairs}},
          {{"tests", bench}, {"metadata", Json{{"func_name", "f"}}.dump()}},
          {{"tests", bench}, {"metadata", {{"func_name", "f"}}}},
          {{"tests", bench}, {"fn_name", "f"}},
          {{"answer", named.dump()}},
          {{"answer", {{"test_cases", synthetic}}}}};
}

TEST_CASE("test_cases: every form of the same function tests is read alike") {
  for (const Json& row : call_rows()) {
    CAPTURE(row.dump());
    const TestSet set = tests_of_row(row, "");
    CHECK(set.problem == "");
    REQUIRE(set.cases.size() == 2);
    CHECK(set.cases[0].is_call);
    CHECK(set.cases[0].input == "{\"arguments\":[[1,2],\"a\"],\"function\":\"f\"}");
    CHECK(values_equal(set.cases[0].result, *parse_value("3"), 0));
    CHECK(values_equal(set.cases[1].result, *parse_value("4"), 0));
  }
}

TEST_CASE("test_cases: the expected results are not part of what goes into the sandbox") {
  for (const Json& row : call_rows()) {
    for (const TestCase& test : tests_of_row(row, "").cases) {
      CHECK(test.input.find(to_text(test.result)) == std::string::npos);
    }
  }
}

TEST_CASE("test_cases: a row that cannot be scored says why") {
  const std::vector<std::pair<Json, std::string>> rows = {
      {{{"x", 1}}, "no column with tests"},
      {{{"answer", "42x"}}, "is no JSON"},
      {{{"answer", 42}}, "neither inputs and outputs nor"},
      {{{"answer", "gASVAAAA"}}, "pickled"},
      {{{"tests", Json::array()}}, "has no tests"},
      {{{"tests", {1}}}, "test 1 has no input"},
      {{{"tests", {{{"input", "1"}}}}}, "test 1 has no input or no output"},
      {{{"tests", {{{"input", "1"}, {"output", Json::object()}}}}}, "no text"},
      {{{"tests", {{{"input", "1"}, {"output", "1"}, {"testtype", "functional"}}}}}, "function without a name"},
      {{{"tests", {{{"input", "x"}, {"output", "1"}, {"fn_name", "f"}}}}}, "arguments of test 1"},
      {{{"tests", {{{"input", "1"}, {"output", "x"}, {"fn_name", "f"}}}}}, "is no JSON"},
      {{{"input_output", {{"inputs", {"1", "2"}}, {"outputs", {"1"}}}}}, "2 inputs, but 1 outputs"},
      {{{"input_output", {{"inputs", "1"}, {"outputs", "1"}}}}, "no list"},
      {{{"input_output", std::string(200, '[')}}, "is no JSON"}};
  for (const auto& [row, problem] : rows) {
    CAPTURE(row.dump());
    const TestSet set = tests_of_row(row, "");
    CHECK(set.cases.empty());
    CHECK_MESSAGE(set.problem.find(problem) != std::string::npos, set.problem);
  }
  CHECK(tests_of_row({{"answer", "1"}}, "mine").problem.find("\"mine\"") != std::string::npos);
}

TEST_CASE("test_cases: a named column is read and no other") {
  Json row = stdio_rows()[0];
  row["mine"] = {{"inputs", {"x"}}, {"outputs", {"y"}}};
  CHECK(tests_of_row(row, "").cases.size() == 2);
  CHECK(tests_of_row(row, "mine").cases.size() == 1);
}

}  // namespace
}  // namespace lockstep::rewards::code
