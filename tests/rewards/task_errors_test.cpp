// SPDX-License-Identifier: Apache-2.0
// What the tasks refuse, and how they say it.
#include <doctest/doctest.h>

#include <cmath>
#include <ctime>
#include <filesystem>

#include "base/json.h"
#include "rewards/tasks/task.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards {
namespace {

using base::Json;

TEST_CASE("tasks: an unknown task names the nearest one, or all of them") {
  expect_error([] { Task("chain_sums"); }, "unknown task \"chain_sums\"", "task", "did you mean \"chain_sum\"?");
  expect_error([] { Task("zzzzzzzzzzzz"); }, "unknown task", "task", "knights_knaves");
}

TEST_CASE("tasks: an unknown parameter names the nearest one, or all of them") {
  expect_error(
      [] {
        Task("chain_sum", {{"max_term", 5}});
      },
      "unknown parameter \"max_term\"", "task chain_sum", "did you mean \"max_terms\"?");
  expect_error([] { Task("countdown", {{"zzzzzzzzzzzz", 5}}); }, "unknown parameter", "task countdown", "max_target");
}

TEST_CASE("tasks: numbers of the wrong kind or out of range are refused") {
  expect_error(
      [] {
        Task("chain_sum", {{"max_terms", 65}});
      },
      "65 is out of range", "task chain_sum, parameter max_terms", "an integer from 2 to 64");
  expect_error([] { Task("chain_sum", {{"max_terms", 4.5}}); }, "4.5 is out of range", "max_terms", "an integer");
  expect_error([] { Task("chain_sum", {{"max_terms", "4"}}); }, "\"4\" is no number", "max_terms", "an integer");
  expect_error([] { Task("chain_sum", {{"max_terms", Json()}}); }, "null is no number", "max_terms", "an integer");
  expect_error([] { Task("chain_sum", {{"max_terms", std::nan("")}}); }, "out of range", "max_terms", "an integer");
  expect_error(
      [] {
        Task("chain_sum", {{"min_terms", 7}});
      },
      "min_terms = 7 is above max_terms = 6", "task chain_sum", "raise max_terms or lower min_terms");
  expect_error([] { Task("chain_sum", Json::array()); }, "the parameters are array", "task chain_sum",
               "{\"name\": value");
}

TEST_CASE("tasks: choices outside the list are refused") {
  expect_error(
      [] {
        Task("chain_sum", {{"style", "prose"}});
      },
      "\"prose\" is not one of the choices", "parameter style", "dialogue, question, chat");
  expect_error([] { Task("chain_sum", {{"style", 3}}); }, "3 is not one of the choices", "parameter style", "dialogue");
}

TEST_CASE("tasks: settings that contradict themselves are refused") {
  expect_error(
      [] {
        Task("decimal_compare", {{"min_decimals", 2}, {"max_decimals", 2}});
      },
      "trap = 0.5 needs", "task decimal_compare", "set trap to 0");
  expect_error(
      [] {
        Task("letter_count", {{"min_length", 40}, {"max_length", 50}});
      },
      "the dictionary has no word of 40 to 50 letters", "task letter_count", "source = \"random\"");
}

TEST_CASE("tasks: a setting without a problem of the split is an Error within seconds, not a hang") {
  // The only problem is 1+1; its content "1-1" lies in one of the two splits.
  const Task task("chain_sum", {{"min_terms", 2}, {"max_terms", 2}, {"max_value", 1}});
  const Split other = split_of("1-1") == Split::train ? Split::eval : Split::train;
  CHECK(task.make(0, split_of("1-1"), 0)["answer"] == "2");
  const std::clock_t start = std::clock();
  expect_error([&] { task.make(0, other, 0); }, "no problem of the", "task chain_sum", "widen the parameters");
  CHECK(std::clock() - start < 2 * CLOCKS_PER_SEC);
  // No target above 100000 can be reached by two numbers up to 2: every draw is invalid.
  const Task unreachable("countdown", {{"max_numbers", 3}, {"max_number", 2}, {"min_target", 99}});
  expect_error([&] { unreachable.make(0, Split::train, 0); }, "no problem of the train split", "task countdown",
               "widen");
}

TEST_CASE("tasks: a file of zero or far too many rows is refused and nothing is written") {
  const std::string path = (std::filesystem::temp_directory_path() / "lockstep_no_rows.jsonl").string();
  std::filesystem::remove(path);
  const Task task("chain_sum");
  expect_error([&] { write_task_jsonl(path, task, 0, Split::train, 0); }, "cannot write 0 rows", path, "1 to 10000000");
  expect_error([&] { write_task_jsonl(path, task, 0, Split::train, 1'000'000'000); }, "cannot write 1000000000 rows",
               path, "1 to 10000000");
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("tasks: an unknown split is refused") {
  CHECK(split_from_name("train") == Split::train);
  CHECK(split_from_name("eval") == Split::eval);
  expect_error([] { split_from_name("test"); }, "unknown split \"test\"", "split", "\"train\" or \"eval\"");
}

}  // namespace
}  // namespace lockstep::rewards
