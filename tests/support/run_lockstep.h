// SPDX-License-Identifier: Apache-2.0
// Runs the built binary as a user would, and a scratch folder for its files. The test target defines LOCKSTEP_BINARY.
#pragma once

#include <string>
#include <vector>

namespace lockstep::test {

struct RunResult {
  int exit_code = -1;  // 128 + the signal's number when a signal ended it
  std::string out, err;
};

// `binary` with these arguments (no shell in between), standard input empty.
RunResult run_program(const std::string& binary, const std::vector<std::string>& arguments);

// A fresh folder, removed with its content at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string path(const std::string& name = "") const;
  std::string write(const std::string& name, const std::string& content) const;  // returns the file's path

 private:
  std::string path_;
};

}  // namespace lockstep::test
