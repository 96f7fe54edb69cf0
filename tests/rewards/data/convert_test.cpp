// SPDX-License-Identifier: Apache-2.0
// Files of mixed shapes as files of one.
#include "rewards/data/convert.h"

#include "base/file.h"
#include "base/json.h"
#include "tests/base/temp_folder.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::data {

TEST_CASE("convert: rows of several shapes become rows of one, and the shapes are counted") {
  const base::TempFolder folder;
  base::write_file_atomic(folder / "a.jsonl",
                          "{\"prompt\": \"p\", \"completion\": \"c\", \"kind\": \"x\"}\n"
                          "{\"conversations\": [{\"from\": \"human\", \"value\": \"q\"}, {\"from\": \"gpt\", \"value\": \"a\"}]}\n");
  const ConvertReport report = convert({folder / "a.jsonl"}, folder / "o.jsonl", rows::Shape::messages);
  CHECK(report.num_rows == 2);
  CHECK(report.shapes == std::map<std::string, size_t>{{"sharegpt", 1}, {"trl", 1}});
  CHECK(base::read_file(folder / "o.jsonl") ==
        "{\"messages\":[{\"role\":\"user\",\"content\":\"p\"},{\"role\":\"assistant\",\"content\":\"c\"}],\"kind\":\"x\"}\n"
        "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"a\"}]}\n");
}

TEST_CASE("convert: a row that the shape cannot hold is named, and nothing is written") {
  const base::TempFolder folder;
  base::write_file_atomic(folder / "a.jsonl", "{\"prompt\": \"p\", \"answer\": 1}\n{\"prompt\": \"p\"}\n");
  base::write_file_atomic(folder / "none.jsonl", "");
  expect_error([&] { convert({folder / "a.jsonl"}, folder / "o.jsonl", rows::Shape::verl); }, "no gold answer", "a.jsonl:2", "answer");
  expect_error([&] { convert({folder / "none.jsonl"}, folder / "o.jsonl", rows::Shape::trl); }, "there are no rows", "none.jsonl", "rows");
  CHECK(folder.num_entries() == 2);
}

}  // namespace lockstep::rewards::data
