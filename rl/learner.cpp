// SPDX-License-Identifier: Apache-2.0
// Sharded gradient accumulation.
#include "rl/learner.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/bytes.h"
#include "kernels/shared_work.h"
#include "rl/ranks/tensors.h"

namespace lockstep::rl {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

Learner::Learner(model::Transformer& model, int num_shards, base::ThreadPool& pool, const LearnerOptions& options, const ranks::World* world)
    : model_(model),
      pool_(pool),
      num_shards_(num_shards),
      shares_micro_batches_(options.share_micro_batches),
      world_(world),
      own_(world ? ranks::shards_of(world->rank(), world->size(), num_shards) : ranks::ShardRange{0, num_shards}) {
  std::vector<int64_t> sizes;
  for (const auto& p : model.parameters()) sizes.push_back(p.value.numel());
  owners_ = ranks::assign_owners(sizes, world ? world->size() : 1);
  for (int i = 0; i < own_.size(); ++i) {
    replicas_.push_back(model::Transformer::replica(model));
    replicas_.back().set_requires_grad(true);
    replicas_.back().set_gradient_checkpointing(options.gradient_checkpointing);
  }
}

void Learner::restrict_to(const std::function<bool(size_t parameter)>& trains) {
  for (auto& replica : replicas_)
    for (size_t i = 0; i < replica.parameters().size(); ++i) {
      auto& p = replica.parameters()[i];
      p.value.set_requires_grad(p.is_trainable && trains(i));
    }
}

// Of the own shard at `place`, micro-batch `index`.
LearnerSeconds Learner::work(int place, int index, const Loss& loss) {
  at::set_num_threads(1);  // shards and shared kernels are the parallelism; a nested OpenMP team would only fight them
  const auto begin = Clock::now();
  const Tensor value = loss(replicas_[static_cast<size_t>(place)], index);
  LearnerSeconds out{seconds_since(begin), 0};
  if (value.defined()) value.backward();
  out.backward = seconds_since(begin) - out.forward;
  return out;
}

// How many of these shards have a thread each; the others are worked on by all threads, one after the other. As long as at most half of the
// threads would be idle they go on side by side: sharing a micro-batch out costs a little, too.
int Learner::count_side_by_side(int shards) const {
  if (shares_micro_batches_ || pool_.num_threads() == 1) return 0;
  const int rest = shards % pool_.num_threads();
  return 2 * rest > pool_.num_threads() ? shards : shards - rest;
}

void Learner::accumulate(int num_micro_batches, const Loss& loss) {
  const auto started = Clock::now();
  for (auto& replica : replicas_)
    for (auto& p : replica.parameters()) p.value.mutable_grad() = Tensor();
  std::vector<LearnerSeconds> own(replicas_.size());
  // Rounds in which every shard has a micro-batch, then one in which the first ones have.
  const int num_rounds = num_micro_batches / num_shards_;
  const int num_last = std::clamp(num_micro_batches % num_shards_ - own_.begin, 0, own_.size());
  const auto run = [&](int place, int begin, int end) {
    for (int round = begin; round < end; ++round) {
      const auto seconds = work(place, round * num_shards_ + own_.begin + place, loss);
      own[static_cast<size_t>(place)].forward += seconds.forward;
      own[static_cast<size_t>(place)].backward += seconds.backward;
    }
  };
  const auto run_shards = [&](int shards, int begin, int end) {
    const int side_by_side = count_side_by_side(shards);
    pool_.parallel_for(side_by_side, [&](int place) { run(place, begin, end); });
    const kernels::SharedWork shared(pool_);
    for (int place = side_by_side; place < shards; ++place) run(place, begin, end);
  };
  if (num_rounds > 0) run_shards(own_.size(), 0, num_rounds);
  run_shards(num_last, num_rounds, num_rounds + 1);
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

bool Learner::is_mine(size_t micro_batch) const {
  const int shard = static_cast<int>(micro_batch % static_cast<size_t>(num_shards_));
  return own_.begin <= shard && shard < own_.end;
}

void Learner::exchange(std::vector<std::string>& bytes) const {
  base::ByteWriter writer;
  for (size_t i = 0; i < bytes.size(); ++i)
    if (is_mine(i)) writer.text(bytes[i]);
  const auto all = world_->all_gather(writer.take(), "results of micro-batches");
  std::vector<base::ByteReader> readers(all.begin(), all.end());
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int shard = static_cast<int>(i % static_cast<size_t>(num_shards_));
    auto& reader = readers[static_cast<size_t>(ranks::rank_of_shard(shard, world_->size(), num_shards_))];
    bytes[i] = reader.text(std::numeric_limits<uint32_t>::max());
  }
}

void Learner::reduce() {
  auto& parameters = model_.parameters();
  const auto nodes = ranks::nodes_within(own_, num_shards_);
  std::vector<std::vector<Tensor>> partial(parameters.size());
  pool_.parallel_for(static_cast<int>(parameters.size()), [&](int index) {
    const auto p = static_cast<size_t>(index);
    for (const auto& node : nodes)
      // Sums lie in the memory of a shard's gradient; replicas drop theirs at the next call.
      partial[p].push_back(ranks::sum_of(node, [&](ranks::ShardRange range) -> Tensor* {
        if (range.size() > 1) return nullptr;
        return &replicas_[static_cast<size_t>(range.begin - own_.begin)].parameters()[p].value.mutable_grad();
      }));
  });
  if (!world_ || world_->is_alone()) {
    for (size_t p = 0; p < parameters.size(); ++p) parameters[p].value.mutable_grad() = partial[p][0];
    return;
  }
  ranks::Owned owned{{}, owners_};
  for (const auto& p : parameters) owned.parameters.push_back({p.name, p.value});
  const auto sums = ranks::sum_to_owners(*world_, owned, partial, num_shards_);
  for (size_t p = 0; p < parameters.size(); ++p) parameters[p].value.mutable_grad() = sums[p];
}

}  // namespace lockstep::rl
