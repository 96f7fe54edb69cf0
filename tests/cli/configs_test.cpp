// SPDX-License-Identifier: Apache-2.0
// Every config that ships loads strictly, and what --dry-run prints of it is a config with the same meaning.
#include <filesystem>

#include "base/json.h"
#include "tests/cli/lockstep.h"

namespace lockstep::test {
namespace {

namespace fs = std::filesystem;

// Paths in configs begin at the folder from which Lockstep is started.
struct InSourceFolder {
  fs::path before = fs::current_path();
  InSourceFolder() { fs::current_path(LOCKSTEP_SOURCE_DIR); }
  ~InSourceFolder() { fs::current_path(before); }
  InSourceFolder(const InSourceFolder&) = delete;
  InSourceFolder& operator=(const InSourceFolder&) = delete;
};

bool has_stages(const fs::path& file) { return base::parse_json_file(file.string(), {.comments = true}).contains("stages"); }

}  // namespace

TEST_CASE("configs: each pipeline's stages are checked with all their configs, and its graph is printed") {
  const InSourceFolder here;
  int num_pipelines = 0;
  for (const auto& entry : fs::recursive_directory_iterator("configs")) {
    if (entry.path().extension() != ".json" || !has_stages(entry.path())) continue;
    CAPTURE(entry.path().string());
    const ScratchFolder scratch;
    const RunResult run = lockstep({"train", entry.path().string(), "--dry-run", "--set", "output_dir=" + scratch.path() + "/run"});
    CAPTURE(run.err);
    CHECK(run.exit_code == 0);
    CHECK(contains(run.out, "  <- "));
    CHECK_FALSE(fs::exists(scratch.path() + "/run"));
    ++num_pipelines;
  }
  CHECK(num_pipelines >= 3);
}

TEST_CASE("configs: each run's file loads, and its resolved form resolves to itself") {
  int num_configs = 0;
  for (const auto& entry : fs::directory_iterator(LOCKSTEP_SOURCE_DIR "/configs")) {
    if (entry.path().extension() != ".json" || has_stages(entry.path())) continue;
    CAPTURE(entry.path().string());
    const RunResult run = lockstep({"train", entry.path().string(), "--dry-run"});
    CAPTURE(run.err);
    REQUIRE(run.exit_code == 0);
    const ScratchFolder scratch;
    CHECK(lockstep({"train", scratch.write("resolved.json", run.out), "--dry-run"}).out == run.out);
    ++num_configs;
  }
  CHECK(num_configs >= 1);
}

TEST_CASE("configs: --set reaches the resolved config, and a misspelt field is answered with the nearest one") {
  const std::string config = LOCKSTEP_SOURCE_DIR "/configs/quickstart.json";
  const RunResult run = lockstep({"train", config, "--set", "seed=77", "--dry-run"});
  REQUIRE(run.exit_code == 0);
  CHECK(base::parse_json(run.out, "dry run").at("seed") == 77);
  const RunResult wrong = lockstep({"train", config, "--set", "sede=77", "--dry-run"});
  CHECK(wrong.exit_code == 1);
  CHECK(contains(wrong.err, "unknown key \"sede\""));
  CHECK(contains(wrong.err, "did you mean \"seed\"?"));
}

}  // namespace lockstep::test
