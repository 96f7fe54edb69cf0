// SPDX-License-Identifier: Apache-2.0
// The processes of one run and what they say to each other: LibTorch's c10d, Gloo over TCP.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/tensor.h"
#include "rl/ranks/place.h"
#include "rl/ranks/ranks_config.h"

namespace lockstep::rl::ranks {

// Every rank calls the same functions in the same order. Each call has a deadline; one that fails or runs out is an Error that names
// this rank, the operation and what it was about, with the cause where another rank has told one. A rank that dies without a word is
// missed by a thread of the others (Watch), which ends their processes: within heartbeat_timeout_s, whatever they do. With one
// rank nothing is connected and every call returns at once.
class World {
 public:
  World();
  static const World& alone();  // for those who keep a reference
  // Connects all ranks within `timeout_s`. Error: the address cannot be reached, or not all came.
  World(const Place& place, const RanksConfig& config);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_first() const { return rank_ == 0; }
  bool is_alone() const { return size_ == 1; }

  void barrier(const std::string& about) const;
  // Bytes of every rank, by rank.
  std::vector<std::string> all_gather(const std::string& own, const std::string& about) const;
  bool any(bool own, const std::string& about) const;
  // `tensor` (CPU, contiguous, the same shape everywhere) as `root` has it.
  void broadcast(Tensor tensor, int root, const std::string& about) const;
  // On `root` the tensors of all ranks, by rank; nothing elsewhere.
  std::vector<Tensor> gather(const Tensor& own, int root, const std::string& about) const;
  // `from`'s tensor into that of rank 0; nothing happens on the others.
  void send_to_first(Tensor tensor, int from, const std::string& about) const;
  // Runs `work` on rank 0 and, once it is done there, on the rest.
  void in_turn(const std::function<void()>& work, const std::string& about) const;

  // A normal end: waits for all, so that none takes the others' going for a death.
  void leave();
  // Tells the others why this rank cannot go on.
  void fail(const std::string& cause) noexcept;

 private:
  struct Links;
  int rank_ = 0, size_ = 1;
  std::unique_ptr<Links> links_;  // null: alone
};

}  // namespace lockstep::rl::ranks
