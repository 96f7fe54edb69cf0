// SPDX-License-Identifier: Apache-2.0
// The tests of a row, in the forms that public data sets have them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "rewards/code/value.h"

namespace lockstep::rewards::code {

struct TestCase {
  bool is_call = false;     // a function test; else standard input and output
  std::string input;        // what the program reads; of a call {"function": ..., "arguments": [...]}
  std::string output = {};  // what it should print
  Value result = {};        // what the function should return
  // APPS and TACO write some results as a list of one: [3] for 3. Then both are right.
  bool may_be_wrapped = false;
};

struct TestSet {
  std::vector<TestCase> cases;
  std::string problem;  // why the row cannot be scored; "" when it can
};

// Reads `column`, or when it is "" the first of input_output, test_cases, tests, public_test_cases with private_test_cases,
// answer (verl's ground_truth) that the row has. Forms, as JSON or as text of JSON:
//   {"inputs": [...], "outputs": [...], "fn_name": "f"}   APPS, TACO, PRIME, verl; no fn_name: standard input and output
//   [{"input": ..., "output": ..., "testtype": "functional", "fn_name": "f"}, ...]   LiveCodeBench, SYNTHETIC, Codeforces
//   {"test_cases": [...]} or {"tests": [...]} around the second form
// Input and output of a program are texts, or lists of lines. Arguments of a call are a list, or LiveCodeBench's lines with one
// JSON value each; its function's name stands in the test, in {"metadata": {"func_name"}}, or in that column of the row.
// Pickled tests are refused. A number that is given where text is due counts as its JSON text.
TestSet tests_of_row(const base::Json& row, const std::string& column);

}  // namespace lockstep::rewards::code
