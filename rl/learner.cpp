// SPDX-License-Identifier: Apache-2.0
// Sharded gradient accumulation.
#include "rl/learner.h"

#include <ATen/Parallel.h>

namespace lockstep::rl {

Learner::Learner(model::Transformer& model, int num_shards, base::ThreadPool& pool) : model_(model), pool_(pool) {
  for (int i = 0; i < num_shards; ++i) {
    replicas_.push_back(model::Transformer::replica(model));
    replicas_.back().set_requires_grad(true);
  }
}

void Learner::accumulate(int num_micro_batches,
                         const std::function<void(const model::Transformer& replica, int index)>& work) {
  for (auto& replica : replicas_)
    for (auto& p : replica.parameters()) p.value.mutable_grad() = Tensor();
  pool_.parallel_for(num_shards(), [&](int shard) {
    at::set_num_threads(1);  // shards are the parallelism; a nested OpenMP team would only fight them
    for (int i = shard; i < num_micro_batches; i += num_shards()) work(replicas_[static_cast<size_t>(shard)], i);
  });
  reduce();
}

void Learner::reduce() {
  auto& parameters = model_.parameters();
  pool_.parallel_for(static_cast<int>(parameters.size()), [&](int index) {
    Tensor sum;
    for (auto& replica : replicas_) {
      // The first shard's storage becomes the sum; replicas drop their gradients at the next call.
      const Tensor& part = replica.parameters()[static_cast<size_t>(index)].value.grad();
      if (!part.defined()) continue;
      sum = sum.defined() ? sum.add_(part) : part;
    }
    parameters[static_cast<size_t>(index)].value.mutable_grad() = sum;
  });
}

}  // namespace lockstep::rl
