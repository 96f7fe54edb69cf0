// SPDX-License-Identifier: Apache-2.0
// One column of one row group, entry by entry; one page of it is in memory at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/rows/parquet/values.h"

namespace lockstep::rewards::rows::parquet {

// What all columns of a file may hold decompressed at once, and what they have.
struct Budget {
  size_t most = size_t{2} << 30;
  size_t used = 0;
};

class ColumnReader {
 public:
  // `file`, `leaf`, `path` and `budget` outlive the reader.
  ColumnReader(std::string_view file, const ColumnChunk& chunk, const Leaf& leaf, const std::string& path, Budget& budget);
  ~ColumnReader();
  ColumnReader(const ColumnReader&) = delete;
  ColumnReader& operator=(const ColumnReader&) = delete;

  bool is_at_end() const { return num_left_ == 0; }
  // Of the next entry; Error at the end.
  int repetition();
  int definition();
  // Goes past the next entry; its value when its definition level is the highest one, which points into the page: valid until the
  // next call of anything.
  std::optional<Value> take();

  const Leaf& leaf() const { return leaf_; }
  const Place& place() const { return place_; }

 private:
  void load_entry();
  void load_page();
  void load_dictionary(const PageHeader& header, std::string_view bytes);
  void load_data(const PageHeader& header, std::string_view bytes);
  void load_data_v2(const PageHeader& header, std::string_view bytes);
  void set_levels(std::string_view repetitions, std::string_view definitions);
  std::string_view take_levels(std::string_view& page, int max_level, int32_t encoding) const;
  void hold(size_t& held, size_t bytes);

  std::string_view file_;
  const ColumnChunk& chunk_;
  const Leaf& leaf_;
  Place place_;
  Budget& budget_;
  size_t at_, end_;          // of the pages that are not read yet
  int64_t num_left_;         // entries of the column, the loaded one included
  int64_t num_in_page_ = 0;  // of them in the page
  std::string page_, dictionary_page_;
  size_t page_held_ = 0, dictionary_held_ = 0;  // of the budget
  std::vector<Value> dictionary_;
  bool has_dictionary_ = false;
  std::optional<HybridReader> repetitions_, definitions_;
  std::optional<ValueReader> values_;
  bool is_loaded_ = false;  // the next entry's levels
  int repetition_ = 0, definition_ = 0;
};

}  // namespace lockstep::rewards::rows::parquet
