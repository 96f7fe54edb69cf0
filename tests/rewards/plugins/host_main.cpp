// SPDX-License-Identifier: Apache-2.0
// The host of shared libraries as a program without LibTorch, for tests: `plugin_host reward host SETTINGS`.
#include <iostream>

#include "rewards/plugins/library_host.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: plugin_host reward host SETTINGS\n";
    return 2;
  }
  return lockstep::rewards::plugins::serve_library(argv[3]);
}
