// SPDX-License-Identifier: Apache-2.0
// The samples of a call cut into units of work, and which of them are to be handed out, under way or done.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "rollout/engine.h"

namespace lockstep::rollout::remote {

// Samples first_sample .. first_sample + num_samples - 1 of a request; first_sample counts from the request's own first.
struct Unit {
  size_t request = 0;
  int first_sample = 0, num_samples = 0;
  bool is_done = false;
};

// Guided self-scheduling (Polychronopoulos and Kuck, 1987): a worker that asks gets its share of half of what is left, so
// that batches are large at first and the last ones small enough to end together. A request is cut only when it is worth
// more than that, because each part computes the prompt again.
class WorkList {
 public:
  // A sample is worth max_completion_length tokens, a unit its prompt besides. `requests` outlives the list.
  WorkList(const std::vector<Request>& requests, int64_t max_completion_length);

  // Units, by number, for a worker that asks while num_workers (>= 1) can work: all that is left for one alone; none when
  // everything has been handed out.
  std::vector<size_t> take(size_t num_workers);
  // The unit's worker is gone. The unit is handed out again, unless it is done.
  void give_back(size_t unit);
  // False when it was done before.
  bool finish(size_t unit);

  size_t num_units() const { return units_.size(); }
  const Unit& unit(size_t number) const { return units_.at(number); }
  bool is_done() const { return num_samples_done_ == num_samples_; }

 private:
  double cost(size_t request, int num_samples) const;
  std::vector<size_t> take_returned(double quota, double& taken);
  void cut(double quota, double taken, std::vector<size_t>& batch);

  const std::vector<Request>& requests_;
  double sample_cost_;
  std::vector<Unit> units_;
  std::deque<size_t> returned_;  // produced by give_back, consumed by take, bounded by units_
  size_t next_request_ = 0;      // the first that is not wholly cut
  int next_sample_ = 0;          // of it
  double remaining_ = 0;         // cost of what is to be handed out
  int64_t num_samples_ = 0, num_samples_done_ = 0;
};

}  // namespace lockstep::rollout::remote
