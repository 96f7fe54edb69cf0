// SPDX-License-Identifier: Apache-2.0
// The judged pairs of tests/fixtures/math/cases.jsonl.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "rewards/math/judge.h"

namespace lockstep::rewards::math {

struct Case {
  std::string kind, gold, prediction;
  bool is_equal;
};

inline std::vector<Case> cases() {
  std::vector<Case> all;
  const std::string path = std::string(LOCKSTEP_SOURCE_DIR) + "/tests/fixtures/math/cases.jsonl";
  base::for_each_line(path, [&](std::string_view line, size_t) {
    const base::Json row = base::parse_json(line, path);
    all.push_back({row.at("kind"), row.at("gold"), row.at("pred"), row.at("expect").get<bool>()});
  });
  return all;
}

inline Verdict judge_texts(std::string_view gold, std::string_view prediction, const Policy& policy = {}) {
  return judge(read_answer(gold), read_answer(prediction), policy);
}

inline bool are_equal(std::string_view gold, std::string_view prediction, const Policy& policy = {}) {
  return judge_texts(gold, prediction, policy).is_equal;
}

}  // namespace lockstep::rewards::math
