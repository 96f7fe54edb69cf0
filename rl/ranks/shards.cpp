// SPDX-License-Identifier: Apache-2.0
// The tree over shards.
#include "rl/ranks/shards.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <bit>
#include <numeric>

namespace lockstep::rl::ranks {
namespace {

void collect(ShardRange node, ShardRange own, std::vector<ShardRange>& out) {
  if (node.end <= own.begin || own.end <= node.begin) return;
  if (own.begin <= node.begin && node.end <= own.end) {
    out.push_back(node);
    return;
  }
  const auto [left, right] = children(node);
  collect(left, own, out);
  collect(right, own, out);
}

}  // namespace

ShardRange shards_of(int rank, int size, int num_shards) { return {num_shards * rank / size, num_shards * (rank + 1) / size}; }

int rank_of_shard(int shard, int size, int num_shards) {
  int rank = 0;
  while (shards_of(rank, size, num_shards).end <= shard) ++rank;
  return rank;
}

Children children(ShardRange node) {
  const int left = static_cast<int>(std::bit_floor(static_cast<unsigned>(node.size() - 1)));
  return {{node.begin, node.begin + left}, {node.begin + left, node.end}};
}

std::vector<ShardRange> nodes_within(ShardRange own, int num_shards) {
  std::vector<ShardRange> out;
  collect({0, num_shards}, own, out);
  return out;
}

Tensor sum_of(ShardRange node, const std::function<Tensor*(ShardRange)>& known) {
  if (const Tensor* value = known(node)) return *value;
  const auto [left, right] = children(node);
  Tensor sum = sum_of(left, known);
  const Tensor other = sum_of(right, known);
  if (!sum.defined()) return other;
  return other.defined() ? sum.add_(other) : sum;
}

std::vector<int> assign_owners(const std::vector<int64_t>& sizes, int size) {
  std::vector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sizes[a] > sizes[b]; });
  std::vector<int64_t> load(static_cast<size_t>(size), 0);
  std::vector<int> owners(sizes.size());
  for (const size_t i : order) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += sizes[i];
    owners[i] = static_cast<int>(least - load.begin());
  }
  return owners;
}

}  // namespace lockstep::rl::ranks
