// SPDX-License-Identifier: Apache-2.0
// `lockstep data mix`: several files of rows as one, in exact numbers and a keyed order, as R1's second SFT joins 600k rows of
// reasoning and 200k others (section 2.3.3 of arXiv:2501.12948v1).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"

namespace lockstep::rewards::data {

struct MixInput {
  std::string path;
  int64_t max_rows = 0;
  int repeat = 1;
  std::optional<double> weight = {};
  base::Json columns = base::Json::object();
  void visit(auto&& field) {
    field("path", path, "a file of rows: .jsonl, .json, .parquet");
    field("max_rows", max_rows, "random rows of it that take part; 0: all", base::at_least(0));
    field("repeat", repeat, "how often each of them is written", base::between(1, 1000));
    field("weight", weight, "instead of repeat: its share of total_rows, relative to the other inputs' weights", base::above(0));
    field("columns", columns, "columns that its rows get, for example {\"task\": \"follow\"}; one that says otherwise is an Error");
  }
};

struct MixConfig {
  std::vector<MixInput> inputs = {};
  int64_t total_rows = 0;
  bool shuffle = true;
  uint64_t seed = 0;
  void visit(auto&& field) {
    field("inputs", inputs, "the files, each with its numbers; files named on the command line follow with the defaults");
    field("total_rows", total_rows, "rows to write, where the inputs have weights; an input too small for its share is repeated",
          base::between(0, 1e9));
    field("shuffle", shuffle, "false: input after input, each in the order of its file");
    field("seed", seed, "of random rows and of the order");
  }
};

struct MixReport {
  struct Input {
    std::string path;
    size_t rows_in = 0;      // of the file
    size_t num_chosen = 0;   // different ones that are written
    size_t rows_out = 0;     // written
    std::map<std::string, size_t> shapes = {};  // of rows_in, by name
  };
  std::vector<Input> inputs = {};
  size_t rows_out = 0;

  base::Json json() const;
  std::string text() const;
};

// Shares of `total` as whole numbers that add up to it, none further than one from its exact share (largest remainders, ties to
// the earlier).
std::vector<size_t> apportioned(const std::vector<double>& weights, size_t total);

// Rows keep their shape, and their bytes where no column is added. Of an input that gives c of its n rows, each is written
// c / n times, rounded down or up. Memory: 24 bytes for a row that is read or written; the rows wait in a scratch file beside
// the output. Error: no inputs, an input without rows, a row of no known shape, a column that is there with another value, weights
// for some inputs only, without total_rows or beside repeat. After an Error nothing is written.
MixReport mix(const MixConfig& config, const std::string& output);

}  // namespace lockstep::rewards::data
