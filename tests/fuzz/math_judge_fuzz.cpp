// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the lexer, the parser and the comparison of answers. The input is a gold answer, a line break, a prediction.
#include <cstdlib>
#include <string_view>

#include "rewards/math/judge.h"

namespace math = lockstep::rewards::math;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line_break = text.find('\n');
  const std::string_view gold_text = text.substr(0, line_break);
  const std::string_view other_text = line_break == std::string_view::npos ? text : text.substr(line_break + 1);
  const math::Answer gold = math::read_answer(gold_text), other = math::read_answer(other_text);
  const math::Verdict verdict = math::judge(gold, other);
  // Laws that hold for every text: verdicts repeat, and an answer that can be gold equals itself.
  const math::Verdict again = math::judge(math::read_answer(gold_text), math::read_answer(other_text));
  if (verdict.is_equal != again.is_equal || verdict.reason != again.reason) std::abort();
  if (!math::gold_problem(gold) && !math::judge(gold, gold).is_equal) std::abort();
  if (verdict.is_equal && verdict.is_undecided) std::abort();
  return 0;
}
