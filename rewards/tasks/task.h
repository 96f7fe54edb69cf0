// SPDX-License-Identifier: Apache-2.0
// Verifiable tasks: generators of prompts with gold answers, for any number of rows, with train and eval
// disjoint.
//
//   const Task task("chain_sum", {{"max_terms", 8}, {"style", "question"}});
//   task.make(/*seed=*/0, Split::train, /*index=*/41);
//   // {"prompt": "What is 6 + 8 + 3 + 4 + 1?", "answer": "22", "task": "chain_sum", "difficulty": 5}
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/rng.h"
#include "rewards/tasks/split.h"

namespace lockstep::rewards {

// One knob of a task: a number in [low, high], one name out of `choices`, or a text.
struct TaskParameter {
  std::string name;
  std::string meaning;
  double default_number = 0;
  double low = 0, high = 0;
  bool is_integer = true;
  std::vector<std::string> choices;  // not empty: the value is one of these names
  std::string default_choice;  // the default text where is_text
  bool is_text = false;        // one line of 1 to 64 bytes
};

// Checked values of all parameters of a task.
class TaskParameters {
 public:
  // Takes defaults from `known` and overrides from the JSON object `given`. Error for an unknown name (with
  // the nearest one), a wrong kind, a value out of range, and min_x > max_x; `where` names the task.
  TaskParameters(const std::vector<TaskParameter>& known, const base::Json& given, const std::string& where);

  int64_t integer(const std::string& name) const;
  double number(const std::string& name) const;
  const std::string& choice(const std::string& name) const;  // or the text
  // The same where the task has such a parameter; otherwise `none`.
  std::string choice_or(const std::string& name, const std::string& none) const;

 private:
  void check_pairs(const std::string& where) const;

  std::map<std::string, double> numbers_;
  std::map<std::string, std::string> choices_;
};

// What a generator proposes, before wording and split are decided.
struct Problem {
  std::string content;         // canonical form: equal for two wordings or orders of the same problem
  std::string short_question;  // terse, for tiny models: "6+8+3=?"
  std::string question;        // plain English: "What is 6 + 8 + 3?"
  std::string chinese_question = {};  // the same, of tasks that have a parameter `language`
  std::string answer;          // gold
  std::string thought = {};    // before the answer, of tasks that have a parameter `completion`
  int64_t difficulty = 0;      // the task's own measure: terms, digits, people ...
  base::Json columns = base::Json::object();  // what a checker needs besides the answer
};

// A row of the table of tasks.
struct TaskKind {
  std::string name;
  std::string meaning;
  std::vector<TaskParameter> parameters;
  void (*check)(const TaskParameters&, const std::string& where);  // rules across parameters; may be null
  // One draw; nothing when the draw is no valid problem (it is then drawn again, a bounded number of times).
  std::optional<Problem> (*propose)(const TaskParameters&, base::Random&);
};

const std::vector<TaskKind>& task_table();

class Task {
 public:
  // Error for an unknown task (with the nearest name) or bad parameters.
  explicit Task(std::string_view name, const base::Json& parameters = base::Json::object());

  const std::string& name() const { return kind_->name; }

  // Row `index` of a split: {prompt, completion (of tasks that have that parameter), answer, task, difficulty, columns of the task}. `prompt` is a string, or
  // a list of {role, content} with style "chat". A pure function of its arguments and the parameters. Error
  // when no draw out of a bounded number lies in the split (the parameters admit too few problems).
  base::Json make(uint64_t seed, Split split, uint64_t index) const;

 private:
  base::Json render(const Problem& problem, uint64_t index) const;

  const TaskKind* kind_;
  TaskParameters parameters_;
};

// Rows 0 .. count-1 as JSON lines; the file appears whole or not at all. For `lockstep data make`.
void write_task_jsonl(const std::string& path, const Task& task, uint64_t seed, Split split, uint64_t count);

// Every task with its parameters, defaults, ranges and meanings, one a line; for help texts.
std::string task_reference();

}  // namespace lockstep::rewards
