// SPDX-License-Identifier: Apache-2.0
// Where a completion states its final answer: tags, boxes, "the final answer is", ####, the last formula.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/extract.h"

namespace lockstep::rewards::math {

struct ExtractOptions {
  // Tried in this order; the first that finds something decides. answer_tag: the last <answer>...</answer>. boxed: the
  // last \boxed{...} or \fbox{...}. final_answer: what follows the last "answer is", "final answer:" and the like. hashes:
  // the line after the last ####. last_formula: the last $...$, \(...\) or \[...\]. last_number: the last number that
  // stands alone; not among the defaults, because an answer that lists many numbers would game it.
  std::vector<std::string> sources = {"answer_tag", "boxed", "final_answer", "hashes", "last_formula"};
  // Several boxes. join: neighbours make one list, "\boxed{1} and \boxed{2}"; otherwise the last counts, as it does when
  // words between two boxes take the first one back ("\boxed{1}. Wait, no: \boxed{2}"). last: the last counts. agree: all
  // of them must be equal.
  std::string boxes = "join";
  // The prompt has opened <think>: without </think> nothing counts.
  bool is_think_open = false;
};

// Linear in the text. A completion whose thinking is not closed has no answer.
Extraction extract(std::string_view completion, const ExtractOptions& options);

}  // namespace lockstep::rewards::math
