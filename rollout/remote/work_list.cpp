// SPDX-License-Identifier: Apache-2.0
// How much a worker gets at once, and where requests are cut.
#include "rollout/remote/work_list.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lockstep::rollout::remote {

WorkList::WorkList(const std::vector<Request>& requests, int64_t max_completion_length)
    : requests_(requests), sample_cost_(static_cast<double>(max_completion_length)) {
  for (size_t r = 0; r < requests.size(); ++r) {
    remaining_ += cost(r, requests[r].num_samples);
    num_samples_ += requests[r].num_samples;
  }
}

double WorkList::cost(size_t request, int num_samples) const {
  return static_cast<double>(requests_[request].prompt.size()) + num_samples * sample_cost_;
}

std::vector<size_t> WorkList::take(size_t num_workers) {
  const double quota = num_workers <= 1 ? std::numeric_limits<double>::infinity()
                                        : remaining_ / (2.0 * static_cast<double>(num_workers));
  double taken = 0;
  std::vector<size_t> batch = take_returned(quota, taken);
  cut(quota, taken, batch);
  if (next_request_ == requests_.size() && returned_.empty()) remaining_ = 0;  // no rounding error is ever left
  return batch;
}

std::vector<size_t> WorkList::take_returned(double quota, double& taken) {
  std::vector<size_t> batch;
  while (!returned_.empty() && (batch.empty() || taken < quota)) {
    const size_t number = returned_.front();
    returned_.pop_front();
    const double worth = cost(units_[number].request, units_[number].num_samples);
    remaining_ -= worth;
    if (units_[number].is_done) continue;  // its first worker answered after all
    batch.push_back(number);
    taken += worth;
  }
  return batch;
}

void WorkList::cut(double quota, double taken, std::vector<size_t>& batch) {
  while (next_request_ < requests_.size() && (batch.empty() || taken < quota)) {
    const int left = requests_[next_request_].num_samples - next_sample_;
    const double whole = cost(next_request_, left), room = quota - taken;
    int count = left;
    if (whole > 2 * room) {  // else rounding to whole requests is fair
      if (!batch.empty()) return;
      count = std::clamp(static_cast<int>(std::ceil(room / whole * left)), 1, left);
    }
    batch.push_back(units_.size());
    units_.push_back({next_request_, next_sample_, count});
    taken += cost(next_request_, count);
    remaining_ -= whole;
    next_sample_ += count;
    if (count < left) {
      remaining_ += cost(next_request_, left - count);
    } else {
      ++next_request_;
      next_sample_ = 0;
    }
  }
}

void WorkList::give_back(size_t unit) {
  const Unit& given = units_.at(unit);
  if (given.is_done) return;
  returned_.push_back(unit);
  remaining_ += cost(given.request, given.num_samples);
}

bool WorkList::finish(size_t unit) {
  Unit& finished = units_.at(unit);
  if (finished.is_done) return false;
  finished.is_done = true;
  num_samples_done_ += finished.num_samples;
  return true;
}

}  // namespace lockstep::rollout::remote
