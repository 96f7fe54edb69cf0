// SPDX-License-Identifier: Apache-2.0
// Rewards made from a few lines of Python, and groups of completions for them.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "rewards/combined.h"
#include "rewards/registry.h"
#include "tests/rewards/expect_error.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rewards::plugins {

// The completions of one prompt, with what their samples point into.
struct Group {
  std::vector<std::string> completions;
  base::Json row = {{"answer", "42"}};
  std::string prompt = "What is 6 * 7?";
  std::vector<int32_t> ids = {7, 8, 9};

  std::vector<Sample> samples() const {
    std::vector<Sample> list;
    for (const std::string& completion : completions) {
      list.push_back({.prompt = prompt, .completion = completion, .columns = &row, .num_tokens = 3, .ids = ids});
    }
    return list;
  }
};

inline std::vector<Score> score(const Reward& reward, const Group& group) { return reward.score_batch(group.samples()); }

class PythonLab {
 public:
  // `options` beside the file.
  std::unique_ptr<Reward> reward(const std::string& code, base::Json options = base::Json::object(), const std::string& name = "mine") {
    options["file"] = folder.write(cat("plugin", num_files_++, ".py"), code);
    return make_reward({.type = "python", .name = name, .options = options}, 0, "/rewards/0");
  }
  test::TempFolder folder;

 private:
  int num_files_ = 0;
};

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace lockstep::rewards::plugins
