// SPDX-License-Identifier: Apache-2.0
// The command line of the sandbox around a plugin.
#include "rewards/plugins/plugin_config.h"

#include <filesystem>

namespace lockstep::rewards::plugins {
namespace {

namespace fs = std::filesystem;

void append(std::vector<std::string>& words, const std::vector<std::string>& more) { words.insert(words.end(), more.begin(), more.end()); }

}  // namespace

std::vector<std::string> ProcessConfig::prefix(const std::string& file) const {
  std::vector<std::string> words = launcher;
  if (sandbox == "none") return words;
  // The whole tree is there to be read, since nobody knows where an interpreter keeps its packages; without a network and
  // without a place to write, what is read goes nowhere but into scores and the log. /run: where the sockets of services are,
  // which a read-only mount does not close. bwrap passes descriptor 3 on. Its end is
  // the end of its process namespace, so nothing inside outlives a kill.
  const std::string scratch = fs::temp_directory_path().string();
  append(words, {"bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", scratch, "--tmpfs", "/run"});
  if (!file.empty()) {
    const std::string folder = fs::absolute(file).parent_path().string();  // it may lie among the temporary files
    append(words, {"--ro-bind", folder, folder});
  }
  append(words, {"--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--"});
  return words;
}

}  // namespace lockstep::rewards::plugins
