// SPDX-License-Identifier: Apache-2.0
// Sharded gradient accumulation.
#include "rl/learner.h"

#include <ATen/Parallel.h>

#include <chrono>

namespace lockstep::rl {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

Learner::Learner(model::Transformer& model, int num_shards, base::ThreadPool& pool, bool gradient_checkpointing)
    : model_(model), pool_(pool) {
  for (int i = 0; i < num_shards; ++i) {
    replicas_.push_back(model::Transformer::replica(model));
    replicas_.back().set_requires_grad(true);
    replicas_.back().set_gradient_checkpointing(gradient_checkpointing);
  }
}

void Learner::restrict_to(const std::function<bool(size_t parameter)>& trains) {
  for (auto& replica : replicas_)
    for (size_t i = 0; i < replica.parameters().size(); ++i) {
      auto& p = replica.parameters()[i];
      p.value.set_requires_grad(p.is_trainable && trains(i));
    }
}

void Learner::accumulate(int num_micro_batches,
                         const std::function<Tensor(const model::Transformer& replica, int index)>& loss) {
  const auto started = Clock::now();
  for (auto& replica : replicas_)
    for (auto& p : replica.parameters()) p.value.mutable_grad() = Tensor();
  std::vector<LearnerSeconds> own(replicas_.size());
  pool_.parallel_for(num_shards(), [&](int shard) {
    at::set_num_threads(1);  // shards are the parallelism; a nested OpenMP team would only fight them
    const auto s = static_cast<size_t>(shard);
    for (int i = shard; i < num_micro_batches; i += num_shards()) {
      const auto begin = Clock::now();
      const Tensor value = loss(replicas_[s], i);
      const double forward = seconds_since(begin);
      if (value.defined()) value.backward();
      own[s].forward += forward;
      own[s].backward += seconds_since(begin) - forward;
    }
  });
  reduce();
  split_seconds(own, seconds_since(started));
}

void Learner::split_seconds(const std::vector<LearnerSeconds>& own, double whole) {
  LearnerSeconds sum;
  for (const auto& shard : own) {
    sum.forward += shard.forward;
    sum.backward += shard.backward;
  }
  const double busy = sum.forward + sum.backward;
  seconds_.forward = busy > 0 ? whole * sum.forward / busy : whole;
  seconds_.backward = whole - seconds_.forward;
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
