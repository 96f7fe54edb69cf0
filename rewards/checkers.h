// SPDX-License-Identifier: Apache-2.0
// Deciding whether an extracted answer is right, given the row of the data set it belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace lockstep::rewards {

enum class Verdict { right, wrong, no_gold };

struct Check {
  Verdict verdict;
  std::string detail;  // why it is wrong or what is missing in the row; "" when right
};

struct GoldRule {
  std::string column = "answer";
  std::string marker = "####";  // the gold is what follows the last one of these, where the column holds one
};

// The gold answer of a row as text: a string (its last \boxed{...} where it holds one) or a number.
struct GoldText {
  std::optional<std::string> text;
  std::string problem;  // why there is none: the column is missing, of another kind, empty, or above 4 KiB
};
GoldText find_gold(const base::Json& row, const GoldRule& rule);

// Compares with the gold value: a string (its last \boxed{...} where it holds one) or a number. no_gold when the column is
// missing, of another kind, empty, or above 4 KiB.
Check check_value(const base::Json& row, std::string_view answer, const GoldRule& gold);

// Countdown: `answer` is an expression of + - * / and parentheses, optionally followed by "= target". It must use each
// number of the row (columns `numbers` and `target`, or an object with both in the gold column) exactly once, or with
// `is_subset_allowed` at most once, and reach the target exactly. Own parser over exact rationals; nothing is evaluated.
Check check_countdown(const base::Json& row, std::string_view answer, const GoldRule& gold, bool is_subset_allowed);

// Knights and knaves: one clause "NAME is a knight" or "NAME is a knave" for each person of the row's `roles`, in any
// order, separated by commas, full stops, semicolons, line breaks or "and"; nothing else.
Check check_knights_knaves(const base::Json& row, std::string_view answer);

}  // namespace lockstep::rewards
