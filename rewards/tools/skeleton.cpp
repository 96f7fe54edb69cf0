// SPDX-License-Identifier: Apache-2.0
// Filling in the files of skeleton/ with the name of a new reward.
#include "rewards/tools/skeleton.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "rewards/plugins/embedded.h"
#include "rewards/tools/embedded.h"

namespace lockstep::rewards::tools {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

std::string filled(std::string_view text, const std::string& name) {
  std::string result;
  for (size_t at = text.find("NAME"); at != std::string_view::npos; at = text.find("NAME")) {
    result += cat(text.substr(0, at), name);
    text.remove_prefix(at + 4);
  }
  return result + std::string(text);
}

// The wrapper with the ABI in place of its include: one header that stands alone.
std::string single_header() {
  constexpr std::string_view kInclude = "#include \"rewards/plugins/lockstep_reward_abi.h\"\n";
  std::string text(plugins::kRewardHeader);
  const size_t at = text.find(kInclude);
  LOCKSTEP_CHECK(at != std::string::npos, "lockstep_reward.h includes the ABI");
  std::string abi(plugins::kAbiHeader);
  const std::string pragma = "#pragma once\n";
  abi.erase(abi.find(pragma), pragma.size());
  return text.replace(at, kInclude.size(), abi);
}

Files files_of(const std::string& name, const std::string& lang) {
  if (lang == "python") {
    const std::string spec = cat("{\"type\": \"python\", \"name\": \"", name, "\", \"options\": {\"file\": \"", name, "/", name,
                                 ".py\", \"function\": \"", name, "\"}}\n");
    return {{name + ".py", filled(skeleton::kPython, name)},
            {name + "_test.py", filled(skeleton::kPythonTest, name)},
            {"reward.json", spec},
            {"samples.jsonl", std::string(skeleton::kSamples)}};
  }
  const std::string spec =
      cat("{\"type\": \"library\", \"name\": \"", name, "\", \"options\": {\"file\": \"", name, "/lib", name, ".so\"}}\n");
  return {{name + ".cpp", filled(skeleton::kCpp, name)},
          {name + "_test.cpp", filled(skeleton::kCppTest, name)},
          {"build.sh", filled(skeleton::kBuild, name)},
          {"lockstep_reward.h", single_header()},
          {"reward.json", spec},
          {"samples.jsonl", std::string(skeleton::kSamples)}};
}

bool is_identifier(const std::string& name) {
  const bool has_letters = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  return !name.empty() && name.size() <= 64 && has_letters && name[0] >= 'a' && name[0] <= 'z';
}

}  // namespace

std::vector<std::string> write_skeleton(const std::string& parent, const std::string& name, const std::string& lang) {
  if (!is_identifier(name)) {
    throw Error(cat("\"", base::printable(name), "\" cannot be a function's name"), "NAME",
                "use lower-case letters, digits and underscores, a letter first");
  }
  if (lang != "cpp" && lang != "python") throw Error(cat("there is no language \"", base::printable(lang), "\""), "--lang", "use cpp or python");
  const std::filesystem::path folder = std::filesystem::path(parent) / name;
  if (std::filesystem::exists(folder)) throw Error("the folder is there already", folder.string(), "choose another name");
  base::make_folders(folder.string());
  std::vector<std::string> written;
  for (const auto& [file, text] : files_of(name, lang)) {
    written.push_back((folder / file).string());
    base::write_file_atomic(written.back(), text);
  }
  if (lang == "cpp") {
    using std::filesystem::perms;
    std::filesystem::permissions(folder / "build.sh", perms::owner_exec, std::filesystem::perm_options::add);
  }
  return written;
}

}  // namespace lockstep::rewards::tools
