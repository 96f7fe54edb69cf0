// SPDX-License-Identifier: Apache-2.0
// The front of the engine: two answer texts in, a verdict with its reason out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rewards/math/expression.h"
#include "rewards/math/lexer.h"
#include "rewards/math/policy.h"

namespace lockstep::rewards::math {

// An answer read once, to be compared many times.
struct Answer {
  std::string text;
  std::string spelling;                  // canonical tokens; equal spellings are equal answers
  std::optional<Expression> expression;  // nothing: not understood
  std::optional<Expression> as_list;     // the other reading of 1,234
  bool is_list_likely = false;           // 1,234 stands in brackets
  std::optional<Expression> as_decimal;  // the other reading of 1,22
  std::optional<Expression> as_measure;  // the other reading of "5 m"
  std::optional<char> choice;            // A to J
  bool is_well_formed = false;           // something is there, and its brackets close
};

// Never throws for any text; work is bounded by `limits`.
Answer read_answer(std::string_view text, const Limits& limits = {});

struct Verdict {
  bool is_equal = false;
  bool is_undecided = false;  // not equal as far as the limits let us see
  std::string reason;  // how it was decided: "same text", "equal", "different", "the prediction is not understood", ...
  int64_t num_steps = 0;  // work done on the comparison, at most Limits::max_steps
};

// Deterministic: the same texts, policy and limits give the same verdict on every machine and at any time.
Verdict judge(const Answer& gold, const Answer& prediction, const Policy& policy = {}, const Limits& limits = {});

// Why a gold answer cannot decide anything; nothing when it can.
std::optional<std::string> gold_problem(const Answer& gold);

}  // namespace lockstep::rewards::math
