// SPDX-License-Identifier: Apache-2.0
// Fuzz target: rows of data sets as JSON: prompts, gold answers, tests of programs, samples to score, values of tests.
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "rewards/checkers.h"
#include "rewards/code/test_cases.h"
#include "rewards/code/value.h"
#include "rewards/dataset.h"
#include "rewards/tools/sample_row.h"

namespace rewards = lockstep::rewards;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// What is refused must be an Error; any other exception ends the run.
template <class Action>
void may_refuse(const Action& action) {
  try {
    action();
  } catch (const lockstep::Error&) {
  }
}

void read_value(std::string_view text) {
  const auto value = rewards::code::parse_value(text);
  if (!value) return;
  const auto again = rewards::code::parse_value(rewards::code::to_text(*value));
  require(again && rewards::code::values_equal(*again, *value, 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_value(text);
  may_refuse([&] {
    const lockstep::base::Json row = lockstep::base::parse_json(text, "input");
    may_refuse([&] { rewards::Dataset::from_rows({row, row}, "input"); });
    may_refuse([&] { require(rewards::tools::read_sample_row(row, "input").num_tokens >= 0); });
    const auto gold = rewards::find_gold(row, {});
    require(gold.text.has_value() == gold.problem.empty());
    rewards::check_value(row, "42", {});
    rewards::check_countdown(row, "(1+2)*3", {}, size % 2 == 0);
    rewards::check_knights_knaves(row, "Ann is a knight and Bob is a knave");
    const auto tests = rewards::code::tests_of_row(row, "");
    require(tests.cases.empty() != tests.problem.empty());
    rewards::code::to_value(row);
  });
  return 0;
}
