// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the lexer and the parser of math answers alone. Without the comparison it sees ten times as many inputs a second as
// math_judge_fuzz, which checks the laws.
#include <string_view>

#include "rewards/math/judge.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lockstep::rewards::math::read_answer({reinterpret_cast<const char*>(data), size});
  return 0;
}
