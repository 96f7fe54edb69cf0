// SPDX-License-Identifier: Apache-2.0
// Results of `lockstep eval` as JSON and as tables.
#include "cli/eval_output.h"

#include <iostream>

#include "base/file.h"
#include "base/text.h"
#include "cli/text_table.h"

namespace lockstep::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string at_text(const std::map<int64_t, rewards::evaluation::Estimate>& by_k) {
  if (by_k.empty()) return "-";
  const auto& [k, estimate] = *by_k.rbegin();
  return cat(estimate_text(estimate.value, estimate.interval), " @", k);
}

std::vector<std::string> measures_row(const NamedEval& eval) {
  const auto& r = eval.result;
  const bool has_accuracy = r.accuracy_reward.has_value();
  return {base::printable(eval.name),
          cat(r.num_prompts),
          cat(r.num_samples),
          has_accuracy ? estimate_text(r.pass_at_1, r.measures.pass_at_1.interval) : "no accuracy reward",
          at_text(r.measures.pass_at),
          at_text(r.measures.cons_at),
          has_accuracy ? base::fixed(eval.greedy, 3) : "-",
          base::fixed(r.reward, 3),
          base::fixed(r.mean_length, 1),
          base::fixed(r.truncated, 3),
          base::fixed(r.reflection, 3)};
}

Rows group_rows(const NamedEval& eval) {
  Rows rows;
  for (const auto& [column, groups] : eval.result.measures.by)
    for (const auto& [value, group] : groups)
      rows.push_back({base::printable(cat(eval.name, " ", column, " ", value)), cat(group.num_prompts),
                      estimate_text(group.pass_at_1.value, group.pass_at_1.interval)});
  return rows;
}

}  // namespace

std::vector<Option> eval_output_options() {
  return {{.name = "table", .meaning = "print a table instead of JSON"},
          {.name = "output", .value = "FILE", .meaning = "write the JSON there and print the table"}};
}

void put_eval(const Arguments& arguments, const base::Json& json, const std::function<std::string()>& table) {
  const auto output = arguments.value("output");
  if (output) base::write_file_atomic(*output, json.dump(2) + "\n");
  if (output || arguments.has("table")) std::cout << table();
  else std::cout << json.dump(2) << "\n";
}

std::string estimate_text(double value, const std::optional<rewards::evaluation::Interval>& interval) {
  const std::string text = base::fixed(value, 3);
  return interval ? cat(text, " [", base::fixed(interval->low, 3), ", ", base::fixed(interval->high, 3), "]") : text;
}

base::Json NamedEval::to_json() const {
  auto json = result.to_json();
  json["greedy"] = result.accuracy_reward ? base::Json(greedy) : base::Json();
  return json;
}

std::string eval_table(const std::vector<NamedEval>& evals) {
  Rows measures = {{"", "prompts", "samples", "pass@1 [95 %]", "pass@k", "cons@k", "greedy", "reward", "length", "truncated", "reflection"}};
  Rows groups = {{"", "prompts", "pass@1 [95 %]"}}, rewards = {{"", "value"}};
  for (const auto& eval : evals) {
    measures.push_back(measures_row(eval));
    for (auto& row : group_rows(eval)) groups.push_back(std::move(row));
    for (const auto& [name, value] : eval.result.rewards) rewards.push_back({base::printable(cat(eval.name, " ", name)), base::fixed(value, 3)});
  }
  std::string text = text_table(measures);
  if (groups.size() > 1) text += cat("\n", text_table(groups));
  return cat(text, "\n", text_table(rewards));
}

}  // namespace lockstep::cli
