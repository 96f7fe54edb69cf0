// SPDX-License-Identifier: Apache-2.0
// Fuzz target: finding the final answer in a completion, by every source and rule.
#include <cstdlib>
#include <string_view>

#include "rewards/math/extract.h"

namespace math = lockstep::rewards::math;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* rule : {"join", "last", "agree"}) {
    const auto found = math::extract(text, {.boxes = rule});
    if (found.answer.has_value() != found.problem.empty()) std::abort();
  }
  for (const char* source : {"answer_tag", "boxed", "final_answer", "hashes", "last_formula", "last_number"}) {
    math::extract(text, {.sources = {source}, .is_think_open = size % 2 == 1});
  }
  return 0;
}
