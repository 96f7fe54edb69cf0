// SPDX-License-Identifier: Apache-2.0
// The table of tasks, rejection sampling into a split, wording, and files of rows.
#include "rewards/tasks/task.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "rewards/tasks/generators.h"
#include "rewards/tasks/words.h"

namespace lockstep::rewards {
namespace {

// An admissible problem has a chance of about 1/10 (eval) times the share of valid draws, which is above
// 1/100 for sane parameters: 20000 draws then miss with probability e^-20, and failing takes well under a
// second.
constexpr int kMaxDraws = 20000;
constexpr uint64_t kMaxRows = 10'000'000;

const TaskKind& find_task(std::string_view name) {
  std::vector<std::string> names;
  for (const TaskKind& kind : task_table()) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  const auto nearest = base::nearest_name(name, names);
  throw Error(
      cat("unknown task \"", base::printable(name), "\""), "task",
      nearest ? cat("did you mean \"", *nearest, "\"?") : cat("the tasks are: ", base::join(names, ", ")));
}

std::string instruction_text(const std::string& instruction, Tongue tongue) {
  if (tongue == Tongue::chinese) {
    if (instruction == "boxed") return " 请把最终答案写在 \\boxed{} 中。";
    if (instruction == "answer_tag") return " 请把最终答案写在 <answer> 和 </answer> 之间。";
    return "";
  }
  if (instruction == "boxed") return " Put your final answer within \\boxed{}.";
  if (instruction == "answer_tag") return " Put your final answer between <answer> and </answer>.";
  return "";
}

std::string language_of(const std::string& setting, uint64_t index) {
  if (setting != "both") return setting;
  return index % 2 == 0 ? "en" : "zh";
}

}  // namespace

const std::vector<TaskKind>& task_table() {
  static const std::vector<TaskKind> table = {
      chain_sum_task(),    products_task(),       mod_chain_task(), decimal_compare_task(),
      letter_count_task(), spell_backward_task(), countdown_task(), knights_knaves_task(),
      needle_task(),
      follow_task(),       version_probe_task(),
  };
  return table;
}

Task::Task(std::string_view name, const base::Json& parameters)
    : kind_(&find_task(name)), parameters_(kind_->parameters, parameters, cat("task ", kind_->name)) {
  if (kind_->check != nullptr) kind_->check(parameters_, cat("task ", kind_->name));
}

base::Json Task::make(uint64_t seed, Split split, uint64_t index) const {
  base::Random random(seed, cat("task/", kind_->name, "/", split_name(split)), index);
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    const std::optional<Problem> problem = kind_->propose(parameters_, random);
    if (problem && split_of(problem->content) == split) return render(*problem, index);
  }
  throw Error(cat("no problem of the ", split_name(split), " split in ", kMaxDraws, " draws"),
              cat("task ", kind_->name), "widen the parameters so that more problems exist");
}

base::Json Task::render(const Problem& problem, uint64_t index) const {
  const std::string& style = parameters_.choice("style");
  const std::string language = language_of(parameters_.choice_or("language", "unset"), index);
  const Tongue tongue = language == "zh" ? Tongue::chinese : Tongue::english;
  const std::string instruction = instruction_text(parameters_.choice("instruction"), tongue);
  const std::string question = (tongue == Tongue::chinese ? problem.chinese_question : problem.question) + instruction;
  base::Json row = base::Json::object();
  if (style == "dialogue") {
    row["prompt"] = dialogue_prompt(problem.short_question + instruction, tongue);
  } else if (style == "chat") {
    row["prompt"] = base::Json::array({{{"role", "user"}, {"content", question}}});
  } else {
    row["prompt"] = question;
  }
  if (const std::string form = parameters_.choice_or("completion", "none"); form != "none") {
    row["completion"] = cat(style == "dialogue" ? " " : "", gold_completion(problem, form == "think"));
  }
  row["answer"] = problem.answer;
  row["task"] = kind_->name;
  row["difficulty"] = problem.difficulty;
  if (language != "unset") row["language"] = language;
  for (const auto& [name, value] : problem.columns.items()) row[name] = value;
  return row;
}

void write_task_jsonl(const std::string& path, const Task& task, uint64_t seed, Split split, uint64_t count) {
  if (count == 0 || count > kMaxRows) {
    throw Error(cat("cannot write ", count, " rows"), path, cat("ask for 1 to ", kMaxRows, " rows"));
  }
  std::string content;
  for (uint64_t index = 0; index < count; ++index) {
    content += task.make(seed, split, index).dump();
    content += '\n';
  }
  base::write_file_atomic(path, content);
}

std::string task_reference() {
  std::string text;
  for (const TaskKind& kind : task_table()) {
    text += cat(kind.name, ": ", kind.meaning, "\n");
    for (const TaskParameter& parameter : kind.parameters) {
      text += cat("  ", parameter.name, " = ");
      if (parameter.is_text) {
        text += cat(parameter.default_choice, " (text)");
      } else if (parameter.choices.empty()) {
        text += cat(parameter.default_number, " (", parameter.low, " to ", parameter.high, ")");
      } else {
        text += cat(parameter.default_choice, " (", base::join(parameter.choices, " | "), ")");
      }
      text += cat(": ", parameter.meaning, "\n");
    }
  }
  return text;
}

TaskParameter whole(std::string name, std::string meaning, double default_number, double low, double high) {
  return {.name = std::move(name),
          .meaning = std::move(meaning),
          .default_number = default_number,
          .low = low,
          .high = high,
          .is_integer = true,
          .choices = {},
          .default_choice = {},
          .is_text = false};
}

TaskParameter share(std::string name, std::string meaning, double default_number) {
  TaskParameter parameter = whole(std::move(name), std::move(meaning), default_number, 0, 1);
  parameter.is_integer = false;
  return parameter;
}

TaskParameter option(std::string name,
                     std::string meaning,
                     std::string default_choice,
                     std::vector<std::string> choices) {
  TaskParameter parameter = whole(std::move(name), std::move(meaning), 0, 0, 0);
  parameter.choices = std::move(choices);
  parameter.default_choice = std::move(default_choice);
  return parameter;
}

TaskParameter text_parameter(std::string name, std::string meaning, std::string default_text) {
  TaskParameter parameter = whole(std::move(name), std::move(meaning), 0, 0, 0);
  parameter.is_text = true;
  parameter.default_choice = std::move(default_text);
  return parameter;
}

TaskParameter completion_parameter() {
  return option("completion",
                "the gold completion as a column, for SFT; answer: \"<answer>..</answer>\"; think: after "
                "\"<think>..</think>\", too; none: no such column",
                "none", {"none", "answer", "think"});
}

std::string gold_completion(const Problem& problem, bool has_thought) {
  const std::string thought = has_thought ? cat("<think>", problem.thought, "</think>") : "";
  return cat(thought, "<answer>", problem.answer, "</answer>");
}

std::vector<TaskParameter> with_wording(std::vector<TaskParameter> own, const std::string& default_style) {
  own.push_back(option(
      "style",
      "dialogue: \"User: 6+8=?\\nAssistant:\" for tiny models; question: plain English; chat: a list of "
      "messages",
      default_style, {"dialogue", "question", "chat"}));
  own.push_back(option("instruction", "where the prompt asks the final answer to stand", "none",
                       {"none", "boxed", "answer_tag"}));
  return own;
}

std::string join_numbers(const std::vector<int64_t>& numbers, const std::string& separator) {
  std::string text;
  for (size_t i = 0; i < numbers.size(); ++i) text += (i == 0 ? "" : separator) + std::to_string(numbers[i]);
  return text;
}

std::string english_list(const std::vector<std::string>& items) {
  std::string text;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
    text += items[i];
  }
  return text;
}

}  // namespace lockstep::rewards
