// SPDX-License-Identifier: Apache-2.0
// The texts of a new reward.
#include "rewards/tools/skeleton.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "rewards/plugins/embedded.h"

namespace lockstep::rewards::tools {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kSamples =
    R"~({"prompt": "What is 6 * 7?", "completion": "6 * 7 is 42", "answer": "42"}
{"prompt": "What is 6 * 7?", "completion": "6 * 7 is 41", "answer": "42"}
{"prompt": "What is 6 * 7?", "completion": "6 * 7 is 42"}
)~";

constexpr std::string_view kPython = R"~("""The reward NAME: 1 when the completion ends with the row's answer, 0 when not, None without an answer.

Called as TRL calls its reward functions: lists in, one value per completion out. Every column of the data set arrives by its
name as a list; log_metric(name, value) and log_extra(column, values) go to the log.
"""


def NAME(completions, answer=None, **kwargs):
    texts = [c if isinstance(c, str) else c[0]["content"] for c in completions]
    answers = answer or [None] * len(texts)
    return [None if a is None else float(text.strip().endswith(a)) for text, a in zip(texts, answers)]
)~";

constexpr std::string_view kPythonTest = R"~("""Run it with: python3 NAME_test.py"""
import unittest

from NAME import NAME


class Test(unittest.TestCase):
    def test_right_wrong_and_no_answer(self):
        self.assertEqual(NAME(["it is 42", "it is 41"], answer=["42", "42"]), [1.0, 0.0])
        self.assertEqual(NAME(["it is 42"], answer=[None]), [None])

    def test_messages(self):
        self.assertEqual(NAME([[{"role": "assistant", "content": "42"}]], answer=["42"]), [1.0])


unittest.main()
)~";

constexpr std::string_view kCpp = R"~(// The reward NAME: 1 when the completion ends with the row's answer, 0 when not; rows without an answer are skipped.
#include "lockstep_reward.h"

LOCKSTEP_REWARD(sample) {
  const auto answer = sample.column("answer");
  if (!answer) return lockstep_reward::skip("the row has no answer");
  sample.metric("bytes", static_cast<double>(sample.completion().size()));
  return sample.completion().ends_with(*answer) ? 1.0 : 0.0;
}
)~";

constexpr std::string_view kCppTest = R"~(// Tests of the reward NAME; build.sh builds and runs them.
#include <cstdio>

#include "NAME.cpp"

static int num_failures = 0;

static void check(bool is_right, const char* what) {
  if (!is_right) std::printf("FAILED: %s\n", what);
  num_failures += is_right ? 0 : 1;
}

int main() {
  using lockstep_reward::score_text;
  check(score_text("it is 42", {{"answer", "42"}}).value == 1, "a right answer");
  check(score_text("it is 41", {{"answer", "42"}}).value == 0, "a wrong answer");
  check(score_text("it is 42", {}).status == LOCKSTEP_REWARD_SKIP, "no answer in the row");
  std::puts(num_failures == 0 ? "ok" : "failed");
  return num_failures == 0 ? 0 : 1;
}
)~";

constexpr std::string_view kBuild = R"~(#!/bin/sh
# Builds libNAME.so and runs the tests.
set -e
cd "$(dirname "$0")"
${CXX:-g++} -std=c++20 -O2 -Wall -Wextra -shared -fPIC NAME.cpp -o libNAME.so
${CXX:-g++} -std=c++20 -O1 -Wall -Wextra NAME_test.cpp -o NAME_test
./NAME_test
)~";

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
    return {{name + ".py", filled(kPython, name)},
            {name + "_test.py", filled(kPythonTest, name)},
            {"reward.json", spec},
            {"samples.jsonl", std::string(kSamples)}};
  }
  const std::string spec =
      cat("{\"type\": \"library\", \"name\": \"", name, "\", \"options\": {\"file\": \"", name, "/lib", name, ".so\"}}\n");
  return {{name + ".cpp", filled(kCpp, name)},
          {name + "_test.cpp", filled(kCppTest, name)},
          {"build.sh", filled(kBuild, name)},
          {"lockstep_reward.h", single_header()},
          {"reward.json", spec},
          {"samples.jsonl", std::string(kSamples)}};
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
