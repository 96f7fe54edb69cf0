// SPDX-License-Identifier: Apache-2.0
// Gradients of one update, over a fixed number of virtual shards: the same sums whatever the number of threads.
#pragma once

#include <functional>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/tensor.h"
#include "model/transformer.h"

namespace lockstep::rl {

// Seconds of one `accumulate`, split as the shards' own times are.
struct LearnerSeconds {
  double forward = 0, backward = 0;
};

class Learner {
 public:
  // `num_shards` replicas share the model's values. It, not the thread count, fixes the order of every sum.
  // gradient_checkpointing: less memory for the same bits (Transformer::set_gradient_checkpointing).
  Learner(model::Transformer& model, int num_shards, base::ThreadPool& pool, bool gradient_checkpointing = false);

  int num_shards() const { return static_cast<int>(replicas_.size()); }
  const model::Transformer& model() const { return model_; }

  // Only parameters for whose index trains() is true get gradients from now on.
  void restrict_to(const std::function<bool(size_t parameter)>& trains);

  // Calls loss(replica, i), a scalar, for every micro-batch i, and its backward(); nothing is done for an undefined one.
  // Micro-batch i belongs to shard i % num_shards; a shard takes its micro-batches in order, shards run side by side.
  // Afterwards .grad() of the model's own parameters holds the sum in shard order, undefined where nothing depended on it.
  // Exceptions of a shard are rethrown here (lowest shard).
  void accumulate(int num_micro_batches, const std::function<Tensor(const model::Transformer& replica, int index)>& loss);

  const LearnerSeconds& seconds() const { return seconds_; }  // of the last accumulate

 private:
  void reduce();
  void split_seconds(const std::vector<LearnerSeconds>& own, double whole);

  model::Transformer& model_;
  std::vector<model::Transformer> replicas_;
  base::ThreadPool& pool_;
  LearnerSeconds seconds_;
};

}  // namespace lockstep::rl
