// SPDX-License-Identifier: Apache-2.0
// The Parquet reader against pyarrow (tests/fixtures/make_parquet.py), and against damaged and hostile files.
#include "rewards/rows/parquet/parquet_file.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "rewards/rows/parquet/hybrid.h"
#include "rewards/rows/row_file.h"
#include "tests/rewards/expect_error.h"

namespace lockstep::rewards::rows::parquet {
namespace {

using base::Json;

const std::string kFolder = LOCKSTEP_SOURCE_DIR "/tests/fixtures/parquet/";

std::vector<std::string> fixtures() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".parquet") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Json> read(std::string_view bytes, const ParquetLimits& limits = {}) {
  std::vector<Json> rows;
  read_parquet(bytes, "data.parquet", [&](Json row, int64_t) { rows.push_back(std::move(row)); }, limits);
  return rows;
}

// 0: read, 1: refused with an Error. Anything else that is thrown fails the test.
int outcome(std::string_view bytes) {
  try {
    read(bytes, {.max_row_bytes = 1 << 20, .max_rows = 10'000});
    return 0;
  } catch (const Error& error) {
    CHECK(contains(error.where(), "data.parquet: "));
    return 1;
  }
}

}  // namespace

TEST_CASE("parquet: every value of every fixture is pyarrow's") {
  REQUIRE(fixtures().size() == 15);
  size_t num_rows = 0;
  for (const std::string& name : fixtures()) {
    CAPTURE(name);
    const std::vector<Json> rows = read(base::read_file(kFolder + name + ".parquet"));
    std::vector<Json> expected;
    base::for_each_line(kFolder + name + ".jsonl", [&](std::string_view line, size_t) { expected.push_back(base::parse_json(line, name)); });
    REQUIRE(rows.size() == expected.size());
    for (size_t i = 0; i < rows.size(); ++i) CHECK(rows[i].dump() == expected[i].dump());
    num_rows += rows.size();
  }
  CHECK(num_rows > 3500);
}

TEST_CASE("parquet: rows of a file are read like those of JSON lines, and named by their number") {
  std::string where;
  size_t count = 0;
  for_each_row(kFolder + "verl.parquet", [&](FileRow& row) {
    ++count;
    where = row.where;
    CHECK(row.json["prompt"][0]["role"] == "user");
  });
  CHECK(count == 50);
  CHECK(where.ends_with("verl.parquet: row 50"));
}

TEST_CASE("parquet: a file that is cut anywhere is refused") {
  for (const char* name : {"verl", "nested_gzip_v2", "nested_none_v1"}) {
    const std::string bytes = base::read_file(kFolder + std::string(name) + ".parquet");
    for (size_t size = 0; size < bytes.size(); size += 1 + size / 100) {
      CHECK(outcome(std::string_view(bytes).substr(0, size)) == 1);
      CHECK(outcome(bytes.substr(0, size) + bytes.substr(bytes.size() - std::min(bytes.size() - size, size_t{4}))) == 1);
    }
  }
}

TEST_CASE("parquet: damaged bytes give rows or an Error, never anything else") {
  int num_refused = 0, num_read = 0;
  for (const std::string& name : fixtures()) {
    const std::string bytes = base::read_file(kFolder + name + ".parquet");
    for (uint64_t round = 0; round < 400; ++round) {
      base::Random random(round, name);
      std::string damaged = bytes;
      for (uint64_t i = 1 + random.below(4); i > 0; --i) {
        // The footer decides most: half of the faults go there.
        const size_t from = random.chance(0.5) ? 0 : bytes.size() - std::min<size_t>(bytes.size(), 1500);
        damaged[from + random.below(bytes.size() - from)] = static_cast<char>(random.chance(0.3) ? 0xFF : random.below(256));
      }
      (outcome(damaged) == 1 ? num_refused : num_read) += 1;
    }
  }
  CHECK(num_refused > 1000);
  CHECK(num_read > 100);
}

TEST_CASE("parquet: a page with a checksum is refused when one of its bytes is another") {
  const std::string bytes = base::read_file(kFolder + "nested_none_v1.parquet");
  size_t at = bytes.find("same");
  REQUIRE(at != std::string::npos);
  std::string damaged = bytes;
  damaged[at] = 'S';
  expect_error([&] { read(damaged); }, "another checksum than its header says", "data.parquet: column ", "fetch or write it anew");
}

TEST_CASE("parquet: what is no Parquet file, or too large, says so") {
  expect_error([] { read("not a parquet file"); }, "does not begin and end with PAR1", "data.parquet: footer, byte 18", "fetch");
  expect_error([] { read("PAR1xxxxxxxxPARE"); }, "the file is encrypted", "data.parquet", "pyarrow");
  expect_error([] { read(std::string("PAR1\xFF\xFF\xFF\x7F", 8) + "PAR1"); }, "the footer is longer than the file", "data.parquet", "fetch");
  const std::string bytes = base::read_file(kFolder + "verl.parquet");
  expect_error([&] { read(bytes, {.max_rows = 49}); }, "more than 49 rows", "footer", "write it");
  expect_error([&] { read(bytes, {.max_row_bytes = 100}); }, "a row is larger than the limit of 100 bytes", "column ", "drop the column");
}

TEST_CASE("hybrid: packed bits and runs give what was written, at every width") {
  const std::string path = "p";
  const Place place{.path = path};
  for (uint64_t seed = 0; seed < 300; ++seed) {
    base::Random random(seed, "hybrid");
    const int width = static_cast<int>(1 + random.below(32));
    const auto value = [&] { return static_cast<uint32_t>(random.bits64() >> (64 - width)); };
    std::string bytes;
    std::vector<uint32_t> expected;
    for (uint64_t run = 1 + random.below(4); run > 0; --run) {
      if (random.chance(0.5)) {
        const uint64_t count = 1 + random.below(300);
        for (uint64_t rest = count << 1; ; rest >>= 7) {
          bytes += static_cast<char>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
          if (rest <= 0x7F) break;
        }
        const uint32_t same = value();
        for (int i = 0; i < (width + 7) / 8; ++i) bytes += static_cast<char>(same >> (8 * i));
        expected.insert(expected.end(), count, same);
        continue;
      }
      const uint64_t groups = 1 + random.below(5);
      bytes += static_cast<char>(groups << 1 | 1);
      std::vector<bool> bits;
      for (uint64_t i = 0; i < 8 * groups; ++i) {
        expected.push_back(value());
        for (int bit = 0; bit < width; ++bit) bits.push_back((expected.back() >> bit) & 1);
      }
      for (size_t i = 0; i < bits.size(); i += 8) {
        int byte = 0;
        for (size_t bit = 0; bit < 8; ++bit) byte |= bits[i + bit] << bit;
        bytes += static_cast<char>(byte);
      }
    }
    HybridReader reader(bytes, width, place);
    for (const uint32_t number : expected) REQUIRE(reader.next() == number);
    expect_error([&] { reader.next(); }, "packed values end too soon", "p: footer", "fetch");
  }
  HybridReader empty("", 0, place);
  CHECK(empty.next() == 0);
  expect_error([&] { HybridReader(std::string_view("\x00\x01", 2), 8, place).next(); }, "a run of packed values is empty", "p: footer", "fetch");
  expect_error([&] { HybridReader("", 33, place); }, "wider than 32 bits", "p: footer", "fetch");
}

}  // namespace lockstep::rewards::rows::parquet
