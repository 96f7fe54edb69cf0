// SPDX-License-Identifier: Apache-2.0
// Laws of the task generators, and every gold answer recomputed from the text of the prompt.
#include "rewards/tasks/task.h"

#include <doctest/doctest.h>
#include <re2/re2.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "rewards/rows/example.h"

namespace lockstep::rewards {
namespace {

using base::Json;

std::vector<int64_t> integers_in(const std::string& text) {
  static const RE2 number("(\\d+)");
  std::vector<int64_t> numbers;
  re2::StringPiece rest(text);
  int64_t value = 0;
  while (RE2::FindAndConsume(&rest, number, &value)) numbers.push_back(value);
  return numbers;
}

// Settings with few problems, so that a leak between the splits would show as a repeated prompt.
const std::vector<std::pair<std::string, Json>>& narrow_settings() {
  static const std::vector<std::pair<std::string, Json>> settings = {
      {"chain_sum", {{"min_terms", 2}, {"max_terms", 3}, {"style", "question"}}},
      {"products", {{"max_digits", 1}, {"max_factors", 3}}},
      {"mod_chain", {{"min_steps", 1}, {"max_steps", 1}, {"max_modulus", 7}}},
      {"decimal_compare", {{"max_integer", 1}, {"max_decimals", 2}}},
      {"letter_count", Json::object()},
      {"spell_backward", Json::object()},
      {"countdown", {{"max_numbers", 3}, {"max_number", 9}}},
      {"knights_knaves", {{"max_people", 2}}},
      {"needle", {{"digits", 3}, {"min_length", 4}, {"max_length", 6}}},
      {"follow", {{"kind", "say"}, {"style", "question"}}},
      {"version_probe", {{"style", "question"}}},
  };
  return settings;
}

// The prompt without what does not matter to the problem: order of factors, names of people.
std::string essence(const std::string& task, const Json& row) {
  if (task == "needle") return row["answer"].get<std::string>();
  std::string prompt = row["prompt"].get<std::string>();
  if (task == "products" || task == "countdown") {
    std::vector<int64_t> numbers = integers_in(prompt);
    std::sort(numbers.begin() + (task == "countdown" ? 1 : 0), numbers.end());
    return Json(numbers).dump();
  }
  if (task == "decimal_compare") {
    static const RE2 pair("larger, (\\S+) or (\\S+)\\?");
    std::string a, b;
    REQUIRE(RE2::PartialMatch(prompt, pair, &a, &b));
    return std::min(a, b) + "|" + std::max(a, b);
  }
  if (task == "knights_knaves") {
    size_t index = 0;
    for (const auto& [name, role] : row["roles"].items()) {
      RE2::GlobalReplace(&prompt, cat("\\b", name, "\\b"), cat("P", index++));
    }
  }
  return prompt;
}

TEST_CASE("tasks: every task of the table is covered by these tests") {
  std::set<std::string> covered, known;
  for (const auto& [name, parameters] : narrow_settings()) covered.insert(name);
  for (const TaskKind& kind : task_table()) known.insert(kind.name);
  CHECK(covered == known);
}

TEST_CASE("tasks: readers of data sets take every row for TRL's, whatever columns the task adds") {
  for (const auto& [name, parameters] : narrow_settings()) {
    CAPTURE(name);
    CHECK(rows::detect_shape(Task(name, parameters).make(0, Split::train, 0)) == rows::Shape::trl);
  }
}

TEST_CASE("tasks: train and eval never share a problem, whatever the seeds") {
  for (const auto& [name, parameters] : narrow_settings()) {
    CAPTURE(name);
    const Task task(name, parameters);
    std::set<std::string> train, eval;
    for (uint64_t index = 0; index < 1500; ++index) {
      train.insert(essence(name, task.make(index % 7, Split::train, index)));
      if (index < 300) eval.insert(essence(name, task.make(100 + index % 5, Split::eval, index)));
    }
    CHECK(train.size() >= (name == "version_probe" ? 10 : 20));
    CHECK_FALSE(eval.empty());
    for (const std::string& problem : eval) CHECK_MESSAGE(train.count(problem) == 0, problem);
  }
}

TEST_CASE("tasks: a row is a function of seed, split and index") {
  for (const auto& [name, parameters] : narrow_settings()) {
    CAPTURE(name);
    const Task task(name, parameters), again(name, parameters);
    std::set<std::string> by_index, by_seed;
    for (uint64_t i = 0; i < 30; ++i) {
      CHECK(task.make(3, Split::train, i) == again.make(3, Split::train, i));
      by_index.insert(task.make(3, Split::train, i).dump());
      by_seed.insert(task.make(i, Split::train, 3).dump());
    }
    const size_t least = name == "version_probe" ? 6 : 12;
    CHECK(by_index.size() >= least);
    CHECK(by_seed.size() >= least);
  }
}

TEST_CASE("tasks: a row holds prompt, answer, task and difficulty") {
  for (const TaskKind& kind : task_table()) {
    CAPTURE(kind.name);
    const Json row = Task(kind.name).make(0, Split::train, 0);
    CHECK(row["prompt"].is_string());
    CHECK(row["answer"].is_string());
    CHECK_FALSE(row["answer"].get<std::string>().empty());
    CHECK(row["task"] == kind.name);
    CHECK(row["difficulty"].get<double>() > 0);
  }
}

TEST_CASE("tasks: style and instruction change the wording, never the problem") {
  for (const auto& [name, parameters] : narrow_settings()) {
    CAPTURE(name);
    Json with = parameters;
    with["style"] = "question";
    const Json plain = Task(name, with).make(0, Split::eval, 5);
    with["instruction"] = "boxed";
    const Json boxed = Task(name, with).make(0, Split::eval, 5);
    with["style"] = "chat";
    with["instruction"] = "answer_tag";
    const Json chat = Task(name, with).make(0, Split::eval, 5);
    with["style"] = "dialogue";
    with["instruction"] = "none";
    const Json dialogue = Task(name, with).make(0, Split::eval, 5);
    const std::string question = plain["prompt"].get<std::string>();
    CHECK(boxed["prompt"] == question + " Put your final answer within \\boxed{}.");
    CHECK(chat["prompt"] ==
          Json::array(
              {{{"role", "user"}, {"content", question + " Put your final answer between <answer> and </answer>."}}}));
    const bool is_question = name != "follow" && name != "version_probe";
    CHECK(RE2::FullMatch(dialogue["prompt"].get<std::string>(), is_question ? "User: .+\\?\nAssistant:" : "User: .+\nAssistant:"));
    for (const Json* row : {&boxed, &chat, &dialogue}) CHECK((*row)["answer"] == plain["answer"]);
  }
}

TEST_CASE("chain_sum: by default the quickstart's form, with the right sums and the documented held-out rule") {
  const Task task("chain_sum");
  std::set<size_t> lengths;
  for (uint64_t index = 0; index < 500; ++index) {
    const Split split = index % 2 == 0 ? Split::train : Split::eval;
    const Json row = task.make(9, split, index);
    const std::string prompt = row["prompt"].get<std::string>();
    CHECK(RE2::FullMatch(prompt, "User: [1-9](\\+[1-9]){3,5}=\\?\nAssistant:"));
    int64_t sum = 0;
    std::string joined;
    for (int64_t term : integers_in(prompt)) {
      sum += term;
      joined += cat(joined.empty() ? "" : "-", term);
    }
    CHECK(row["answer"] == std::to_string(sum));
    CHECK((crc32(joined) % 10 == 0) == (split == Split::eval));
    lengths.insert(integers_in(prompt).size());
  }
  CHECK(lengths == std::set<size_t>{4, 5, 6});
  CHECK(Task("chain_sum", {{"style", "question"}})
            .make(9, Split::train, 0)["prompt"]
            .get<std::string>()
            .rfind("What is ", 0) == 0);
}

TEST_CASE("crc32: the check value of the CRC catalogue") {
  CHECK(crc32("123456789") == 0xCBF43926u);
  CHECK(crc32("") == 0u);
}

TEST_CASE("products: answers are the products of the printed factors") {
  const Task task("products", {{"min_factors", 2}, {"max_factors", 3}, {"max_digits", 6}});
  std::set<size_t> counts;
  for (uint64_t index = 0; index < 300; ++index) {
    const Json row = task.make(1, Split::train, index);
    int64_t product = 1;
    const std::vector<int64_t> factors = integers_in(row["prompt"].get<std::string>());
    for (int64_t factor : factors) {
      product *= factor;
      CHECK(factor >= 2);
      CHECK(factor < 1'000'000);
    }
    counts.insert(factors.size());
    CHECK(row["answer"] == std::to_string(product));
  }
  CHECK(counts == std::set<size_t>{2, 3});
}

TEST_CASE("mod_chain: answers follow the printed operations") {
  const Task task("mod_chain", {{"max_steps", 8}, {"max_operand", 1000}});
  static const RE2 step("(Start with|Add|Subtract|Multiply by) (\\d+)\\.");
  for (uint64_t index = 0; index < 300; ++index) {
    const Json row = task.make(1, Split::train, index);
    const std::string prompt = row["prompt"].get<std::string>();
    __int128 value = 0;
    re2::StringPiece rest(prompt);
    std::string verb;
    int64_t operand = 0;
    while (RE2::FindAndConsume(&rest, step, &verb, &operand)) {
      if (verb == "Start with") value = operand;
      if (verb == "Add") value += operand;
      if (verb == "Subtract") value -= operand;
      if (verb == "Multiply by") value *= operand;
    }
    const int64_t modulus = integers_in(prompt).back();
    const int64_t remainder = static_cast<int64_t>((value % modulus + modulus) % modulus);
    CHECK(row["answer"] == std::to_string(remainder));
  }
}

TEST_CASE("decimal_compare: the answer is the larger number, and traps come in the asked share") {
  static const RE2 pair("larger, (\\d+)\\.(\\d+) or (\\d+)\\.(\\d+)\\?");
  const Task task("decimal_compare", {{"trap", 0.3}});
  int num_same = 0, num_traps = 0;
  constexpr int kRows = 3000;
  for (uint64_t index = 0; index < kRows; ++index) {
    const Json row = task.make(1, Split::train, index);
    int64_t a = 0, b = 0;
    std::string a_digits, b_digits;
    REQUIRE(RE2::PartialMatch(row["prompt"].get<std::string>(), pair, &a, &a_digits, &b, &b_digits));
    const double x = std::stod(cat(a, ".", a_digits)), y = std::stod(cat(b, ".", b_digits));
    CHECK(x != y);
    CHECK(row["answer"] == (x > y ? cat(a, ".", a_digits) : cat(b, ".", b_digits)));
    if (a != b) continue;
    ++num_same;
    num_traps += (x > y) == (a_digits.size() < b_digits.size()) && a_digits.size() != b_digits.size() ? 1 : 0;
  }
  CHECK(num_same > kRows / 2);
  CHECK(num_traps / static_cast<double>(num_same) == doctest::Approx(0.3).epsilon(0.35));
}

TEST_CASE("letter_count: answers are counts, strawberry can be asked, and zero occurs") {
  static const RE2 question("letter \"([a-z])\" occur in \"([a-z]+)\"\\?");
  std::set<std::string> answers, words;
  for (const char* source : {"dictionary", "random"}) {
    const Task task("letter_count", {{"source", source}});
    for (uint64_t index = 0; index < 3000; ++index) {
      const Json row = task.make(1, Split::train, index);
      std::string letter, word;
      REQUIRE(RE2::PartialMatch(row["prompt"].get<std::string>(), question, &letter, &word));
      CHECK(row["answer"] == std::to_string(std::count(word.begin(), word.end(), letter[0])));
      answers.insert(row["answer"].get<std::string>());
      words.insert(word);
    }
  }
  CHECK(answers.count("0") == 1);
  CHECK(answers.count("3") == 1);
  CHECK(words.count("strawberry") == 1);
}

TEST_CASE("spell_backward: the answer read backward is the printed word, of an allowed length") {
  static const RE2 question("the word \"([a-z]+)\" backward");
  for (const char* source : {"dictionary", "random"}) {
    const Task task("spell_backward", {{"source", source}, {"min_length", 5}, {"max_length", 8}});
    for (uint64_t index = 0; index < 300; ++index) {
      const Json row = task.make(1, Split::eval, index);
      std::string word, answer = row["answer"].get<std::string>();
      REQUIRE(RE2::PartialMatch(row["prompt"].get<std::string>(), question, &word));
      CHECK(word.size() >= 5);
      CHECK(word.size() <= 8);
      std::reverse(answer.begin(), answer.end());
      CHECK(answer == word);
    }
  }
}

TEST_CASE("tasks: the file holds the rows in order, one a line") {
  const std::string path =
      (std::filesystem::temp_directory_path() / cat("lockstep_rows_", getpid(), ".jsonl")).string();
  const Task task("knights_knaves");
  write_task_jsonl(path, task, 4, Split::eval, 25);
  uint64_t index = 0;
  base::for_each_line(path, [&](std::string_view line, size_t number) {
    CHECK(number == index + 1);
    CHECK(base::parse_json(line, path) == task.make(4, Split::eval, index++));
  });
  CHECK(index == 25);
  std::filesystem::remove(path);
}

TEST_CASE("tasks: the reference names every task and parameter with its default") {
  const std::string text = task_reference();
  for (const TaskKind& kind : task_table()) {
    CHECK(text.find(kind.name + ": ") != std::string::npos);
    for (const TaskParameter& parameter : kind.parameters)
      CHECK(text.find(cat("  ", parameter.name, " = ")) != std::string::npos);
  }
  CHECK(text.find("max_terms = 6 (2 to 64): most terms") != std::string::npos);
}

}  // namespace
}  // namespace lockstep::rewards
