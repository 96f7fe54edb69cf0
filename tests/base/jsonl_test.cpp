// SPDX-License-Identifier: Apache-2.0
// JSON lines: whole rows only, before and after faults.
#include "base/jsonl.h"

#include <doctest/doctest.h>

#include <limits>

#include "base/file.h"
#include "tests/base/error_of.h"
#include "tests/base/faults.h"
#include "tests/base/temp_folder.h"

namespace lockstep::base {
namespace {

TEST_CASE("jsonl: rows are appended in order, and a second writer goes on after the first") {
  const TempFolder folder;
  {
    JsonlWriter writer(folder / "m.jsonl");
    writer.write({{"step", 1}, {"text", "a\nb"}});
    CHECK(read_file(folder / "m.jsonl") == "{\"step\":1,\"text\":\"a\\nb\"}\n");  // readers see it at once
    writer.flush();
  }
  JsonlWriter writer(folder / "m.jsonl");
  writer.write({{"step", 2}});
  CHECK(read_file(folder / "m.jsonl") == "{\"step\":1,\"text\":\"a\\nb\"}\n{\"step\":2}\n");
}

TEST_CASE("jsonl: opening drops a torn last line and nothing else") {
  const TempFolder folder;
  const std::string long_row = "{\"text\":\"" + std::string(200'000, 'x') + "\"}\n";
  for (const std::string& whole : {std::string(), std::string("{\"step\":1}\n"), long_row}) {
    for (const std::string& torn : {std::string(), std::string("{\"st"), std::string(150'000, 'y')}) {
      write_file_atomic(folder / "m.jsonl", whole + torn);
      JsonlWriter writer(folder / "m.jsonl");
      writer.write(7);
      CHECK(read_file(folder / "m.jsonl") == whole + "7\n");
    }
  }
}

TEST_CASE("jsonl: a row that does not fit on the disk is taken back whole") {
  const TempFolder folder;
  JsonlWriter writer(folder / "m.jsonl");
  writer.write({{"step", 1}});
  const Error error = error_of([&] {
    const FileSizeLimit limit(1000);
    writer.write(std::string(5000, 'x'));
  });
  CHECK(error.what_happened() == "cannot write file: File too large");
  CHECK(error.where() == folder / "m.jsonl");
  CHECK(contains(error.fix(), "ulimit -f"));
  writer.write({{"step", 2}});
  CHECK(read_file(folder / "m.jsonl") == "{\"step\":1}\n{\"step\":2}\n");
}

TEST_CASE("jsonl: a resumed run drops the rows newer than its checkpoint and writes on") {
  const TempFolder folder;
  write_file_atomic(folder / "m.jsonl", "{\"step\":1, \"kept\": 1.50}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4,\"to");
  JsonlWriter writer(folder / "m.jsonl");
  writer.truncate_after([](const Json& row) { return row.at("step") <= 2; });
  writer.write({{"step", 3}, {"again", true}});
  CHECK(read_file(folder / "m.jsonl") == "{\"step\":1, \"kept\": 1.50}\n{\"step\":2}\n{\"step\":3,\"again\":true}\n");
  CHECK(folder.num_entries() == 1);
}

TEST_CASE("jsonl: a damaged row in the middle is an Error with its line, and the file stays") {
  const TempFolder folder;
  const std::string content = "{\"step\":1}\n{\"step\n{\"step\":3}\n";
  write_file_atomic(folder / "m.jsonl", content);
  JsonlWriter writer(folder / "m.jsonl");
  const Error error = error_of([&] { writer.truncate_after([](const Json&) { return true; }); });
  CHECK(contains(error.what_happened(), "JSON is not valid"));
  CHECK(contains(error.where(), (folder / "m.jsonl") + ":2:"));
  CHECK(error.fix() == "correct the JSON text at this place");
  CHECK(read_file(folder / "m.jsonl") == content);
}

TEST_CASE("jsonl: ill-formed UTF-8 is refused, numbers that are not finite become null") {
  const TempFolder folder;
  JsonlWriter writer(folder / "m.jsonl");
  const Error error = error_of([&] { writer.write({{"text", "\xff"}}); });
  CHECK(error.what_happened() == "the row holds ill-formed UTF-8");
  CHECK(error.where() == folder / "m.jsonl");
  CHECK(contains(error.fix(), "repair_utf8"));
  writer.write({{"loss", std::numeric_limits<double>::quiet_NaN()}});
  CHECK(read_file(folder / "m.jsonl") == "{\"loss\":null}\n");
}

TEST_CASE("jsonl: a folder or a missing parent is an Error with the path") {
  const TempFolder folder;
  CHECK(contains(error_of([&] { JsonlWriter writer(folder.path()); }).what_happened(), "Is a directory"));
  const Error error = error_of([&] { JsonlWriter writer(folder / "no/m.jsonl"); });
  CHECK(error.what_happened() == "cannot open file: No such file or directory");
  CHECK(error.where() == folder / "no/m.jsonl");
  const Error device = error_of([] { JsonlWriter writer("/dev/null"); });
  CHECK(device.what_happened() == "no regular file");
  CHECK(device.fix() == "name a file, no folder, pipe or device");
}

}  // namespace
}  // namespace lockstep::base
