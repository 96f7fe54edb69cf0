// SPDX-License-Identifier: Apache-2.0
// Checkpoints on a sound disk: what is written is found, the newest that verifies wins, retention, replacement.
#include "rl/checkpoint.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/file.h"
#include "tests/rl/saved_checkpoint.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep {

namespace fs = std::filesystem;
using test::check_error;
using test::holds_step;
using test::save_checkpoint;
using test::TempFolder;

namespace {

std::vector<std::string> names_in(const std::string& dir) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(dir)) out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("checkpoint: the folder holds the files and the manifest, nothing temporary") {
  const TempFolder folder;
  const std::string path = save_checkpoint(folder.path("run/checkpoints"), 3);
  CHECK(path == folder.path("run/checkpoints/step_3"));
  CHECK(names_in(folder.path("run/checkpoints")) == Names{"step_3"});
  CHECK(names_in(path) == Names{"manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"});
  const rl::Checkpoint checkpoint = rl::verify_checkpoint(path);
  CHECK(holds_step(checkpoint, 3));
  CHECK(base::parse_json_file(checkpoint.file("state.json"))["cursor"] == 21);
  CHECK(checkpoint.has("state.json"));
  CHECK(!checkpoint.has("reference.safetensors"));
  check_error([&] { checkpoint.file("reference.safetensors"); }, "the checkpoint has no file reference.safetensors",
              "step_3", "resume from a checkpoint of the same kind of run");
}

TEST_CASE("checkpoint: latest is the highest step by number, in a folder that may not exist yet") {
  const TempFolder folder;
  CHECK(!rl::find_latest(folder.path("missing")).checkpoint);
  for (int64_t step : {9, 100, 20}) save_checkpoint(folder.path(), step);
  folder.write("step_0500", "a file");
  for (const char* other : {"step_0200", "step_", "step_-1", "step_300x", "best"})
    fs::create_directory(folder.path(other));
  const auto latest = rl::find_latest(folder.path());
  REQUIRE(latest.checkpoint);
  CHECK(holds_step(*latest.checkpoint, 100));
  CHECK(latest.broken.empty());
}

TEST_CASE("checkpoint: broken ones are reported with their reason and skipped") {
  const TempFolder folder;
  for (int64_t step : {1, 2, 3, 4}) save_checkpoint(folder.path(), step);
  fs::resize_file(folder.path("step_4/model.safetensors"), 100);
  fs::remove(folder.path("step_3/manifest.json"));
  const auto latest = rl::find_latest(folder.path());
  REQUIRE(latest.checkpoint);
  CHECK(holds_step(*latest.checkpoint, 2));
  REQUIRE(latest.broken.size() == 2);
  CHECK(latest.broken[0].path == folder.path("step_4"));
  CHECK(latest.broken[0].reason.find("the file has 100 bytes, the manifest says") != std::string::npos);
  CHECK(latest.broken[1].reason.find("step_3/manifest.json") != std::string::npos);
}

TEST_CASE("checkpoint: every kind of damage is an Error that names the file") {
  const TempFolder folder;
  const std::string path = save_checkpoint(folder.path(), 5), fix = "resume from an earlier checkpoint";
  std::string content = base::read_file(path + "/state.json");
  content[3] ^= 4;
  folder.write("step_5/state.json", content);
  check_error([&] { rl::verify_checkpoint(path); }, "the SHA-256 differs from the manifest's", "step_5/state.json",
              fix);
  folder.write("step_5/state.json", "{}");
  check_error([&] { rl::verify_checkpoint(path); }, "the file has 2 bytes, the manifest says 18", "step_5/state.json",
              fix);
  fs::remove(path + "/state.json");
  check_error([&] { rl::verify_checkpoint(path); }, "cannot stat file", "step_5/state.json", "check the path");
  fs::rename(path, folder.path("step_6"));
  check_error([&] { rl::verify_checkpoint(folder.path("step_6")); }, "the manifest is of step 5",
              "step_6/manifest.json", fix);
}

TEST_CASE("checkpoint: the same step saved again replaces the old one, broken or not") {
  const TempFolder folder;
  for (bool is_broken : {false, true}) {
    const std::string path = save_checkpoint(folder.path(), 7);
    if (is_broken) fs::resize_file(path + "/manifest.json", 5);
    rl::CheckpointWriter writer(folder.path(), 7);
    writer.write_json("new.json", {{"x", 1}});
    writer.commit({});
    CHECK(names_in(path) == Names{"manifest.json", "new.json"});
    CHECK(rl::verify_checkpoint(path).step() == 7);
    CHECK(names_in(folder.path()) == Names{"step_7"});
  }
}

TEST_CASE("checkpoint: a writer that is not committed leaves nothing behind") {
  const TempFolder folder;
  {
    rl::CheckpointWriter writer(folder.path(), 1);
    writer.write_json("state.json", {});
    CHECK(names_in(folder.path()).size() == 1);
  }
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("checkpoint: files written by others are added by name; twice, or after commit, is a fault") {
  const TempFolder folder;
  rl::CheckpointWriter writer(folder.path(), 1);
  base::write_file_atomic(writer.path("tokenizer.model"), "abc");
  writer.add("tokenizer.model");
  check_error([&] { writer.add("tokenizer.model"); }, "tokenizer.model is written twice", "checkpoint.cpp", "report");
  check_error([&] { writer.path("../x"); }, "not a name for a file of a checkpoint", "step_1.tmp-", "plain file name");
  const std::string path = writer.commit({});
  CHECK(rl::verify_checkpoint(path).manifest.files[0].bytes == 3);
  check_error([&] { writer.commit({}); }, "the checkpoint is committed", "checkpoint.cpp", "report");
}

TEST_CASE("checkpoint: stale temporary folders are removed, and only those") {
  const TempFolder folder;
  save_checkpoint(folder.path(), 1);
  for (const char* name : {"step_2.tmp-host-1-0", "step_3.tmp-", "step_x.tmp-1", "other.tmp-1"}) {
    fs::create_directories(folder.path(name) + "/inside");
  }
  CHECK(rl::remove_stale(folder.path()) == Names{folder.path("step_2.tmp-host-1-0"), folder.path("step_3.tmp-")});
  CHECK(names_in(folder.path()) == Names{"other.tmp-1", "step_1", "step_x.tmp-1"});
}

TEST_CASE("retention: the last k and every n-th stay") {
  const TempFolder folder;
  for (int64_t step = 1; step <= 10; ++step) save_checkpoint(folder.path(), step);
  const auto removed = rl::apply_retention(folder.path(), {.keep_last = 2, .keep_every = 4});
  CHECK(removed.size() == 6);
  CHECK(removed.front() == folder.path("step_1"));
  CHECK(names_in(folder.path()) == Names{"step_10", "step_4", "step_8", "step_9"});
  CHECK(rl::apply_retention(folder.path(), {.keep_last = 2, .keep_every = 4}).empty());
}

TEST_CASE("retention: removes nothing while the newest checkpoint is broken") {
  const TempFolder folder;
  for (int64_t step = 1; step <= 3; ++step) save_checkpoint(folder.path(), step);
  fs::resize_file(folder.path("step_3/model.safetensors"), 1);
  CHECK(rl::apply_retention(folder.path(), {.keep_last = 1}).empty());
  CHECK(names_in(folder.path()).size() == 3);
}

}  // namespace lockstep
