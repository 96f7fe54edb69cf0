// SPDX-License-Identifier: Apache-2.0
// Gradients of one update, over a fixed number of virtual shards: the same sums whatever the number of threads.
#pragma once

#include <functional>
#include <vector>

#include "base/thread_pool.h"
#include "model/transformer.h"

namespace lockstep::rl {

class Learner {
 public:
  // `num_shards` replicas share the model's values. It, not the thread count, fixes the order of every sum.
  Learner(model::Transformer& model, int num_shards, base::ThreadPool& pool);

  int num_shards() const { return static_cast<int>(replicas_.size()); }
  const model::Transformer& model() const { return model_; }

  // Calls work(replica, i) for every micro-batch i; it must call backward() on its part of the loss. Micro-batch i belongs
  // to shard i % num_shards; a shard takes its micro-batches in order, shards run side by side. Afterwards
  // .grad() of the model's own parameters holds the sum in shard order, undefined where nothing depended on it. Exceptions of a shard are rethrown here (lowest shard).
  void accumulate(int num_micro_batches, const std::function<void(const model::Transformer& replica, int index)>& work);

 private:
  void reduce();

  model::Transformer& model_;
  std::vector<model::Transformer> replicas_;
  base::ThreadPool& pool_;
};

}  // namespace lockstep::rl
