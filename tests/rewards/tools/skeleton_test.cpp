// SPDX-License-Identifier: Apache-2.0
// New rewards: the folder builds, its own test passes, and Lockstep scores its samples.
#include "rewards/tools/skeleton.h"

#include <filesystem>
#include <sstream>

#include "base/file.h"
#include "base/text.h"
#include "rewards/tools/score_file.h"
#include "rewards/tools/spec.h"
#include "tests/rewards/expect_error.h"
#include "tests/support/run_lockstep.h"
#include "tests/support/temp_folder.h"

namespace lockstep::rewards::tools {
namespace {

// The values of samples.jsonl by the folder's own reward.json, as a user has it who stands in the parent folder.
std::string sample_values(const std::string& parent, const std::string& name) {
  Spec spec = load_spec(parent + "/" + name + "/reward.json");
  base::Json& options = spec.configs.at(0).options;
  options["file"] = cat(parent, "/", options["file"].get<std::string>());
  if (spec.configs[0].type == "library") options["host"] = LOCKSTEP_PLUGIN_HOST;
  std::ostringstream out, summary;
  score_file(Combined(spec.configs, 0, spec.where), cat(parent, "/", name, "/samples.jsonl"), true, out, summary);
  std::string values;
  for (const std::string& line : base::split(out.str(), '\n')) {
    if (!line.empty()) values += base::parse_json(line, "out")["value"].dump() + " ";
  }
  return values;
}

}  // namespace

TEST_CASE("skeleton: a new reward in C++ builds alone, passes its test and scores") {
  const test::TempFolder folder;
  const auto files = write_skeleton(folder.path(), "my_reward", "cpp");
  CHECK(files.size() == 6);
  const test::RunResult run = test::run_program("/bin/sh", {folder.path("my_reward/build.sh")});
  CAPTURE(run.err);
  CHECK(run.exit_code == 0);
  CHECK(run.out == "ok\n");
  CHECK(sample_values(folder.path(), "my_reward") == "1.0 0.0 null ");
}

TEST_CASE("skeleton: a new reward in Python passes its test and scores") {
  const test::TempFolder folder;
  const auto files = write_skeleton(folder.path(), "my_reward", "python");
  CHECK(files.size() == 4);
  const test::RunResult run = test::run_program("/usr/bin/env", {"python3", "-B", folder.path("my_reward/my_reward_test.py")});
  CAPTURE(run.err);
  CHECK(run.exit_code == 0);
  CHECK(contains(run.err, "Ran 2 tests"));
  CHECK(sample_values(folder.path(), "my_reward") == "1.0 0.0 null ");
}

TEST_CASE("skeleton: names that cannot be functions, languages that are not there and folders that are, are Errors") {
  const test::TempFolder folder;
  for (const char* name : {"", "My", "1st", "a-b", "../x", "a b"}) {
    expect_error([&] { write_skeleton(folder.path(), name, "cpp"); }, "cannot be a function's name", "NAME", "use lower-case");
  }
  expect_error([&] { write_skeleton(folder.path(), "x", "rust"); }, "there is no language \"rust\"", "--lang", "use cpp or python");
  write_skeleton(folder.path(), "x", "cpp");
  expect_error([&] { write_skeleton(folder.path(), "x", "python"); }, "the folder is there already", "/x", "choose another name");
}

}  // namespace lockstep::rewards::tools
