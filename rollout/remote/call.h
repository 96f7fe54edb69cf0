// SPDX-License-Identifier: Apache-2.0
// One generate call of the trainer: its units of work, and the groups that are put together from the answers.
#pragma once

#include <cstdint>
#include <vector>

#include "rollout/engine.h"
#include "rollout/remote/messages.h"
#include "rollout/remote/result_check.h"
#include "rollout/remote/work_list.h"

namespace lockstep::rollout::remote {

class Call {
 public:
  struct Key {
    uint64_t id = 0;  // never used before, by any trainer
    uint64_t weight_version = 0, seed = 0;
  };
  // `requests` and `sampling` outlive the call.
  Call(const Key& key, const std::vector<Request>& requests, const SamplingConfig& sampling);

  uint64_t id() const { return key_.id; }
  WorkList& work() { return work_; }
  Work message(size_t unit, bool is_last_of_batch) const;
  ExpectedGroup expected(size_t unit, int64_t vocab_size, size_t experts_per_token) const;

  // Puts a unit's completions to their samples; false when it is done already. The group has been checked.
  bool take(size_t unit, Group&& group);
  bool is_done() const { return work_.is_done(); }
  int64_t num_taken() const { return num_taken_; }    // completions
  int64_t num_tokens() const { return num_tokens_; }  // of them
  // Requests whose groups have become whole since the last call of this; nothing changes these groups any more.
  std::vector<size_t> take_finished();
  const Group& group(size_t request) const { return groups_[request]; }
  // Every group of a call that is done. It is over then.
  std::vector<Group> give();

 private:
  Key key_;
  const std::vector<Request>& requests_;
  const SamplingConfig& sampling_;
  WorkList work_;
  std::vector<Group> groups_;
  std::vector<int> num_missing_;  // samples, by request
  std::vector<size_t> finished_;  // produced by take, consumed by take_finished, bounded by the requests
  int64_t num_taken_ = 0, num_tokens_ = 0;
};

}  // namespace lockstep::rollout::remote
