// SPDX-License-Identifier: Apache-2.0
// `lockstep data stats`: what is in files of rows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "rewards/rows/row_file.h"

namespace lockstep::rewards::data {

// Of the lengths of one text over all rows that have it.
struct LengthSummary {
  size_t count = 0;
  double mean = 0;
  uint32_t least = 0, median = 0, p95 = 0, most = 0;  // of n sorted lengths, median is number n / 2, p95 number 19 n / 20
  std::vector<size_t> histogram = {};                 // [0], [1], [2, 3], [4, 7], ...: bin i holds lengths of i bits
};
LengthSummary summarise(std::vector<uint32_t> lengths);

struct ColumnStats {
  size_t num_rows = 0;                           // that have the column
  size_t num_empty = 0;                          // null, "", [] or {} among them
  std::map<std::string, size_t> types = {};      // JSON's names
};

struct StatsReport {
  size_t num_rows = 0;
  size_t num_repeated_prompts = 0;                       // rows whose folded prompt an earlier row has
  size_t num_without_gold = 0;                           // rows without a gold answer
  std::map<std::string, size_t> shapes = {};             // "unknown" for rows that no shape fits
  std::vector<std::pair<std::string, ColumnStats>> columns = {};  // in the order of their first row
  std::map<std::string, LengthSummary> lengths = {};     // "prompt words", "completion characters", ...
  std::map<std::string, size_t> languages = {};          // guessed from prompt and completion; "?" where it cannot be told
  std::map<std::string, std::map<std::string, size_t>> classes = {};  // values of data_source, kind, task, ability, source, level

  base::Json json() const;
  std::string text() const;
};

// 16 bytes of memory a row and 8 for each distinct prompt.
class StatsCollector {
 public:
  void add(const rows::FileRow& row);
  StatsReport finish();

 private:
  void add_columns(const base::Json& row);
  void add_texts(const base::Json& row, const std::string& where);
  StatsReport report_;
  std::map<std::string, std::vector<uint32_t>> lengths_;
  std::unordered_set<uint64_t> prompts_;
};

StatsReport stats(const std::vector<std::string>& inputs);

}  // namespace lockstep::rewards::data
