// SPDX-License-Identifier: Apache-2.0
// Gradients of one update, over a fixed number of virtual shards: the same sums whatever the number of threads.
#pragma once

#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/tensor.h"
#include "model/transformer.h"
#include "rl/ranks/shards.h"
#include "rl/ranks/world.h"

namespace lockstep::rl {

// Seconds of one `accumulate`, split as the shards' own times are.
struct LearnerSeconds {
  double forward = 0, backward = 0;
};

// Neither changes a bit.
struct LearnerOptions {
  bool gradient_checkpointing = false;  // less memory, more work: Transformer::set_gradient_checkpointing
  bool share_micro_batches = false;     // one micro-batch at a time, by all threads: the memory of one
};

class Learner {
 public:
  // `num_shards` replicas share the model's values. It, not the thread count, fixes the order of every sum.
  // With several ranks each has replicas of its own shards only.
  Learner(model::Transformer& model, int num_shards, base::ThreadPool& pool, const LearnerOptions& options = {},
          const ranks::World* world = nullptr);

  int num_shards() const { return num_shards_; }
  const model::Transformer& model() const { return model_; }

  // Only parameters for whose index trains() is true get gradients from now on.
  void restrict_to(const std::function<bool(size_t parameter)>& trains);

  // Calls loss(replica, i), a scalar, for every micro-batch i, and its backward(); nothing is done for an undefined one.
  // Micro-batch i belongs to shard i % num_shards; a shard takes its micro-batches in order. Shards run side by side, and what would
  // leave threads idle (more of them than shards, one micro-batch at the end) by all threads, one after the other (kernels::SharedWork).
  // Afterwards .grad() of the model's own parameters holds the sum along the tree of rl/ranks/shards.h, undefined where nothing
  // depended on it. With several ranks a micro-batch is worked on by one of them, and a gradient is left on its parameter's owner.
  // Exceptions of a shard are rethrown here (lowest shard).
  using Loss = std::function<Tensor(const model::Transformer& replica, int index)>;
  void accumulate(int num_micro_batches, const Loss& loss);

  // Results of each micro-batch, which its rank has filled in, on all ranks. `to_bytes` and `from_bytes` carry one.
  template <class T>
  void share(std::vector<T>& results, std::string (*to_bytes)(const T&), T (*from_bytes)(const std::string&)) const {
    if (!world_ || world_->is_alone()) return;
    std::vector<std::string> bytes(results.size());
    for (size_t i = 0; i < results.size(); ++i)
      if (is_mine(i)) bytes[i] = to_bytes(results[i]);
    exchange(bytes);
    for (size_t i = 0; i < results.size(); ++i)
      if (!is_mine(i)) results[i] = from_bytes(bytes[i]);
  }
  // Of things that are their bytes.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void share(std::vector<T>& results) const {
    share<T>(
        results, [](const T& value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); },
        [](const std::string& bytes) {
          T value;
          std::memcpy(&value, bytes.data(), sizeof value);
          return value;
        });
  }

  // Of lists of such.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void share(std::vector<std::vector<T>>& results) const {
    share<std::vector<T>>(
        results, [](const std::vector<T>& values) { return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)); },
        [](const std::string& bytes) {
          std::vector<T> values(bytes.size() / sizeof(T));
          if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
          return values;
        });
  }

  // The owner of each of the model's parameters; rank 0 of all when there is one rank.
  const std::vector<int>& owners() const { return owners_; }
  const LearnerSeconds& seconds() const { return seconds_; }  // of the last accumulate

 private:
  bool is_mine(size_t micro_batch) const;
  LearnerSeconds work(int place, int index, const Loss& loss);
  int count_side_by_side(int shards) const;
  void exchange(std::vector<std::string>& bytes) const;
  void reduce();
  void split_seconds(const std::vector<LearnerSeconds>& own, double whole);

  model::Transformer& model_;
  base::ThreadPool& pool_;
  int num_shards_;
  bool shares_micro_batches_;
  const ranks::World* world_;
  ranks::ShardRange own_;                     // this rank's shards
  std::vector<model::Transformer> replicas_;  // one for each of them
  std::vector<int> owners_;
  LearnerSeconds seconds_;
};

}  // namespace lockstep::rl
