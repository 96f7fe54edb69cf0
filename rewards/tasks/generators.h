// SPDX-License-Identifier: Apache-2.0
// The generators behind the table of tasks: one function per task makes its row of the table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rewards/tasks/task.h"

namespace lockstep::rewards {

TaskKind chain_sum_task();
TaskKind products_task();
TaskKind mod_chain_task();
TaskKind decimal_compare_task();
TaskKind letter_count_task();
TaskKind spell_backward_task();
TaskKind countdown_task();
TaskKind knights_knaves_task();
TaskKind needle_task();
TaskKind follow_task();
TaskKind version_probe_task();

// Shorthands for parameter lists.
TaskParameter whole(std::string name, std::string meaning, double default_number, double low, double high);
TaskParameter share(std::string name, std::string meaning, double default_number);
TaskParameter option(std::string name,
                     std::string meaning,
                     std::string default_choice,
                     std::vector<std::string> choices);
TaskParameter text_parameter(std::string name, std::string meaning, std::string default_text);
// `completion`: whether rows have the gold completion, for SFT.
TaskParameter completion_parameter();
// `style` and `instruction`, which every task has.
std::vector<TaskParameter> with_wording(std::vector<TaskParameter> own,
                                        const std::string& default_style = "question");

std::string join_numbers(const std::vector<int64_t>& numbers, const std::string& separator);
// "a", "a and b", "a, b and c"
std::string english_list(const std::vector<std::string>& items);

// "<answer>cat cat</answer>", after "<think>the thought</think>" where that is asked for.
std::string gold_completion(const Problem& problem, bool has_thought);

// A document of the pre-training corpus: an instruction of the train split of `follow`, carried out in plain words (half of them),
// in answer tags, or in both tags. A pure function of its arguments.
std::string follow_document(uint64_t seed, uint64_t index);

// The terms of a sum, also used by the pre-training corpus. Content: the terms joined by "-".
std::vector<int64_t> draw_terms(
    base::Random& random, int64_t min_terms, int64_t max_terms, int64_t low, int64_t high);
std::string chain_sum_content(const std::vector<int64_t>& terms);

}  // namespace lockstep::rewards
