// SPDX-License-Identifier: Apache-2.0
// Two verbs of `lockstep reward` as a program without LibTorch, for tests: the host of shared libraries, and `test`.
#include <iostream>
#include <string>
#include <vector>

#include "rewards/combined.h"
#include "rewards/plugins/library_host.h"
#include "rewards/tools/score_file.h"
#include "rewards/tools/spec.h"

namespace {

// The words of `lockstep reward test SPEC --data FILE --json`, in this order.
int test(const std::vector<std::string>& words) {
  try {
    const auto spec = lockstep::rewards::tools::load_spec(words[2]);
    const lockstep::rewards::Combined rewards(spec.configs, 0, spec.where);
    lockstep::rewards::tools::score_file(rewards, words[4], /*as_json=*/true, std::cout, std::cerr);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 3 && words[0] == "reward" && words[1] == "host") return lockstep::rewards::plugins::serve_library(words[2]);
  if (words.size() == 6 && words[0] == "reward" && words[1] == "test" && words[3] == "--data" && words[5] == "--json") return test(words);
  std::cerr << "usage: plugin_host reward host SETTINGS | reward test SPEC --data FILE --json\n";
  return 2;
}
