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

// Shorthands for parameter lists.
TaskParameter whole(std::string name, std::string meaning, double default_number, double low, double high);
TaskParameter share(std::string name, std::string meaning, double default_number);
TaskParameter option(std::string name,
                     std::string meaning,
                     std::string default_choice,
                     std::vector<std::string> choices);
// `style` and `instruction`, which every task has.
std::vector<TaskParameter> with_wording(std::vector<TaskParameter> own,
                                        const std::string& default_style = "question");

std::string join_numbers(const std::vector<int64_t>& numbers, const std::string& separator);
// "a", "a and b", "a, b and c"
std::string english_list(const std::vector<std::string>& items);

// The terms of a sum, also used by the pre-training corpus. Content: the terms joined by "-".
std::vector<int64_t> draw_terms(
    base::Random& random, int64_t min_terms, int64_t max_terms, int64_t low, int64_t high);
std::string chain_sum_content(const std::vector<int64_t>& terms);

}  // namespace lockstep::rewards
