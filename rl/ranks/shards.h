// SPDX-License-Identifier: Apache-2.0
// Which rank works on which shards and owns which parameters, and the tree in which gradients are summed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/tensor.h"

namespace lockstep::rl::ranks {

// Shards begin .. end - 1.
struct ShardRange {
  int begin = 0, end = 0;
  int size() const { return end - begin; }
  bool operator==(const ShardRange&) const = default;
};

// Neighbouring shards, as even as they go; size <= num_shards.
ShardRange shards_of(int rank, int size, int num_shards);
int rank_of_shard(int shard, int size, int num_shards);

// Shards are summed as a binary tree: the left child of a node of n shards has the largest power of two below n. The order of
// additions is a function of num_shards alone; with powers of two each rank adds up its own subtree first, and sends no more
// than if the order were free.
struct Children {
  ShardRange left, right;
};
Children children(ShardRange node);  // of a node with at least two shards
// The largest nodes of the tree over num_shards that lie within `own`, from the left.
std::vector<ShardRange> nodes_within(ShardRange own, int num_shards);
// The sum of a node; known(n) gives the value of a node, or nullptr where it has to be summed from its children. An undefined tensor
// counts as nothing. Sums are taken in place, in the memory of the leftmost.
Tensor sum_of(ShardRange node, const std::function<Tensor*(ShardRange)>& known);

// An owner for each of `sizes`, largest first to whoever has least so far.
std::vector<int> assign_owners(const std::vector<int64_t>& sizes, int size);

}  // namespace lockstep::rl::ranks
