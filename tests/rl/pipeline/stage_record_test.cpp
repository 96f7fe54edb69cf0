// SPDX-License-Identifier: Apache-2.0
// Records of stages: what is written is read, what was changed is found.
#include "rl/pipeline/stage_record.h"

#include <doctest/doctest.h>

#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace lockstep::test {
namespace {

namespace pipeline = rl::pipeline;

pipeline::StageRecord made_in(const TempFolder& scratch) {
  std::filesystem::create_directories(scratch.path("model/deep"));
  scratch.write("model/b", "bytes");
  scratch.write("model/deep/a", "more");
  scratch.write("rows", "");
  return {"train", {{"x", "@a"}, {"y", 2}}, {{"a", "digest"}}, true, pipeline::list_outputs(scratch.path(), {"rows", "model", "absent"}), 1.5};
}

}  // namespace

TEST_CASE("stage record: written and read it is the same, and its digest depends on names and contents alone") {
  const TempFolder scratch, elsewhere;
  const auto record = made_in(scratch);
  REQUIRE(record.outputs.size() == 3);
  CHECK(record.outputs[0].name == "model/b");
  CHECK(record.outputs[1].name == "model/deep/a");
  CHECK(record.outputs[2].bytes == 0);
  pipeline::write_record(scratch.path(), record);
  const auto read = pipeline::read_record(scratch.path());
  REQUIRE(read);
  CHECK(read->digest() == record.digest());
  CHECK(read->config == record.config);
  CHECK(read->inputs == record.inputs);
  CHECK(read->is_done);
  CHECK(read->seconds == 1.5);
  CHECK(made_in(elsewhere).digest() == record.digest());
  elsewhere.write("model/b", "other");
  CHECK(pipeline::list_outputs(elsewhere.path(), {"model"})[0].sha256 != record.outputs[0].sha256);
  CHECK_FALSE(pipeline::read_record(elsewhere.path()));
}

TEST_CASE("stage record: an output that is gone or changed is an Error, also at the same size") {
  const TempFolder scratch;
  const auto record = made_in(scratch);
  pipeline::check_outputs(scratch.path(), record);
  scratch.write("model/b", "bytez");
  check_error([&] { pipeline::check_outputs(scratch.path(), record); }, "was changed", "model/b", "remove");
  std::filesystem::remove(scratch.path("model/b"));
  check_error([&] { pipeline::check_outputs(scratch.path(), record); }, "is gone", "model/b", "output_dir");
}

TEST_CASE("stage record: links are no outputs, and a broken record is an Error") {
  const TempFolder scratch;
  std::filesystem::create_symlink("/etc/hostname", scratch.path("link"));
  check_error([&] { pipeline::list_outputs(scratch.path(), {"link"}); }, "a link among the outputs", "link", "copy");
  std::filesystem::create_symlink("/etc", scratch.path("folder"));
  check_error([&] { pipeline::list_outputs(scratch.path(), {"folder"}); }, "a link among the outputs", "folder", "copy");
  std::filesystem::create_symlink("/nowhere/at/all", scratch.path("dangling"));
  check_error([&] { pipeline::list_outputs(scratch.path(), {"dangling"}); }, "a link among the outputs", "dangling", "copy");
  std::filesystem::create_directory(scratch.path("real"));
  std::filesystem::create_directory_symlink("/etc", scratch.path("real/inner"));
  check_error([&] { pipeline::list_outputs(scratch.path(), {"real"}); }, "a link among the outputs", "real/inner", "copy");
  scratch.write("stage.json", R"({"kind": "train", "outputs": 3})");
  check_error([&] { pipeline::read_record(scratch.path()); }, "no record of a stage", "stage.json", "remove");
}

TEST_CASE("stage record: another kind, config or input is an Error that names it") {
  const TempFolder scratch;
  const auto begun = made_in(scratch);
  auto now = begun;
  pipeline::check_same_work(scratch.path(), begun, now);
  now.config["y"] = 3;
  check_error([&] { pipeline::check_same_work(scratch.path(), begun, now); }, "another config", "/config/y", "remove");
  now = begun;
  now.kind = "sample";
  check_error([&] { pipeline::check_same_work(scratch.path(), begun, now); }, "begun as \"train\" and is \"sample\"", "stage.json", "remove");
  now = begun;
  now.inputs["a"] = "other";
  check_error([&] { pipeline::check_same_work(scratch.path(), begun, now); }, "another result of \"a\"", "stage.json", "remove");
}

}  // namespace lockstep::test
