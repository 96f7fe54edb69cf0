// SPDX-License-Identifier: Apache-2.0
// The order of rows, epoch by epoch.
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "rewards/dataset.h"

namespace lockstep::rewards {

RowOrder::RowOrder(size_t num_rows, uint64_t seed, bool is_shuffled)
    : num_rows_(num_rows), seed_(seed), is_shuffled_(is_shuffled) {
  if (num_rows == 0) throw Error("there are no rows to order", "data set", "give a data set with at least one row");
}

size_t RowOrder::row_at(uint64_t position) {
  const uint64_t epoch = epoch_of(position);
  const size_t index = static_cast<size_t>(position % num_rows_);
  if (!is_shuffled_) return index;
  if (permutation_.empty() || cached_epoch_ != epoch) {
    permutation_.resize(num_rows_);
    std::iota(permutation_.begin(), permutation_.end(), size_t{0});
    base::Random random(seed_, "row_order", epoch);
    random.shuffle(permutation_);
    cached_epoch_ = epoch;
  }
  return permutation_[index];
}

std::vector<size_t> RowOrder::rows_for_step(uint64_t step, size_t count) {
  std::vector<size_t> rows;
  rows.reserve(count);
  for (uint64_t i = 0; i < count; ++i) rows.push_back(row_at(step * count + i));
  return rows;
}

}  // namespace lockstep::rewards
