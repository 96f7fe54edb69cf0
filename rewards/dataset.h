// SPDX-License-Identifier: Apache-2.0
// Rows of prompts from JSON lines or Parquet, in TRL's, verl's or another known form, checked on the way in; and which rows a training step takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace lockstep::rewards {

enum class RowForm {
  automatic,  // verl when the first row has `reward_model`, else trl
  trl,        // {"prompt": text or messages, any other columns}; rows of other shapes (rows/example.h) become such
  verl,  // {"data_source", "prompt", "reward_model": {"ground_truth"}, "extra_info"}; ground_truth becomes `answer`
};

struct DatasetOptions {
  RowForm form = RowForm::automatic;
  size_t max_line_bytes = size_t{16} << 20;
  size_t max_rows = 10'000'000;
};

class Dataset {
 public:
  // .jsonl, .json, .parquet (rows/row_file.h). Every Error names the file and the row. Refused: a line that is no JSON object, nested deeper than 64, or above the limits; a
  // prompt that is missing, empty, or neither text nor a list of {"role": system|user|assistant|tool, "content": text};
  // text prompts and message prompts in one file; an empty file.
  static Dataset load(const std::string& path, const DatasetOptions& options = {});

  // Rows made in memory (by a task generator), checked alike; `origin` stands for the file name.
  static Dataset from_rows(std::vector<base::Json> rows, const std::string& origin);

  size_t size() const { return rows_.size(); }
  const base::Json& row(size_t index) const { return rows_[index]; }  // index < size()
  bool has_message_prompts() const { return rows_[0]["prompt"].is_array(); }

 private:
  void add(base::Json row, RowForm& form, const std::string& where);

  std::vector<base::Json> rows_;
};

// The order in which training visits rows: epoch after epoch, each in an order of its own. Position p of the whole run is
// row permutation(seed, epoch = p / num_rows)[p mod num_rows], so that a resumed run needs its step number and nothing else.
class RowOrder {
 public:
  // Error when num_rows is 0. Without shuffling every epoch is 0, 1, 2, ...
  RowOrder(size_t num_rows, uint64_t seed, bool is_shuffled = true);

  size_t row_at(uint64_t position);
  // Rows step * count ... step * count + count - 1 of that order; a step may span epochs.
  std::vector<size_t> rows_for_step(uint64_t step, size_t count);
  uint64_t epoch_of(uint64_t position) const { return position / num_rows_; }

 private:
  size_t num_rows_;
  uint64_t seed_;
  bool is_shuffled_;
  uint64_t cached_epoch_ = 0;
  std::vector<size_t> permutation_;  // of cached_epoch_; empty before the first use
};

}  // namespace lockstep::rewards
