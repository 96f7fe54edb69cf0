// SPDX-License-Identifier: Apache-2.0
// Files of rows: formats by name, places in Errors, and a writer that leaves the old file until it is done.
#include "rewards/rows/row_file.h"

#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "tests/base/temp_folder.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::rows {
namespace {

using base::Json;
using base::TempFolder;

}  // namespace

TEST_CASE("row file: lines and lists give the same rows, blank lines none") {
  const TempFolder folder;
  base::write_file_atomic(folder / "a.jsonl", "{\"a\": 1}\n\n  \n{\"a\":  2}");
  base::write_file_atomic(folder / "a.json", "[{\"a\": 1}, {\"a\": 2}]");
  std::string seen, lines;
  for (const char* name : {"a.jsonl", "a.json"}) {
    for_each_row(folder / name, [&](FileRow& row) {
      seen += cat(row.where.substr(folder.path().size() + 1), row.json.dump(), " ");
      lines += cat(row.line, "|");
    });
  }
  CHECK(seen == "a.jsonl:1{\"a\":1} a.jsonl:4{\"a\":2} a.json: row 1{\"a\":1} a.json: row 2{\"a\":2} ");
  CHECK(lines == "{\"a\": 1}|{\"a\":  2}|||");
}

TEST_CASE("row file: a bad row is named by its file and line") {
  const TempFolder folder;
  const auto read = [&](const std::string& name, const std::string& content, const RowLimits& limits = {}) {
    base::write_file_atomic(folder / name, content);
    for_each_row(folder / name, [](FileRow&) {}, limits);
  };
  expect_error([&] { read("b.jsonl", "{}\n[1]\n"); }, "the row is array, not an object", "b.jsonl:2", "one object a line");
  expect_error([&] { read("b.jsonl", "{}\n{\"a\"\n"); }, "", "b.jsonl:2", "");
  expect_error([&] { read("b.json", "{}"); }, "the file holds object, not a list of rows", "b.json", "[{...}, {...}]");
  expect_error([&] { read("b.json", "[1]"); }, "the row is number, not an object", "b.json: row 1", "one object");
  expect_error([&] { read("b.jsonl", "{\"a\": \"123456789\"}\n", {.max_row_bytes = 8}); }, "longer than the limit of 8 bytes", "b.jsonl:1", "shorten");
  expect_error([&] { for_each_row(folder / "none.jsonl", [](FileRow&) {}); }, "cannot open file", "none.jsonl", "check the path");
}

TEST_CASE("row file: a writer keeps the bytes of lines, and replaces the old file only when it is finished") {
  const TempFolder folder;
  const std::string path = folder / "out.jsonl";
  base::write_file_atomic(path, "old\n");
  {
    RowWriter writer(path);
    writer.write(Json{{"a", 1}});
  }
  CHECK(base::read_file(path) == "old\n");
  CHECK(folder.num_entries() == 1);
  RowWriter writer(path);
  writer.write(FileRow{.json = Json{{"a", 1}}, .line = "{\"a\":  1}"});
  writer.write(FileRow{.json = Json{{"b", "\xFF"}}});
  CHECK(base::read_file(path) == "old\n");
  writer.finish();
  CHECK(base::read_file(path) == "{\"a\":  1}\n{\"b\":\"\xEF\xBF\xBD\"}\n");
  CHECK(writer.num_rows() == 2);
  CHECK(folder.num_entries() == 1);
  expect_error([&] { RowWriter other(folder / "no/such/file"); }, "cannot create file", "no/such/file", "check the path");
}

}  // namespace lockstep::rewards::rows
