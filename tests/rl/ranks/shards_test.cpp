// SPDX-License-Identifier: Apache-2.0
// The tree over shards: every number of ranks cuts it without changing a sum.
#include "rl/ranks/shards.h"

#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>

#include <numeric>

#include "base/rng.h"

namespace lockstep {

using rl::ranks::assign_owners;
using rl::ranks::children;
using rl::ranks::nodes_within;
using rl::ranks::rank_of_shard;
using rl::ranks::ShardRange;
using rl::ranks::shards_of;
using rl::ranks::sum_of;

namespace {

std::vector<float> random_values(int count) {
  base::Random random(3, "shards", static_cast<uint64_t>(count));
  std::vector<float> out;
  for (int i = 0; i < count; ++i) out.push_back(static_cast<float>(random.normal()));
  return out;
}

// The definition: a node is the sum of its children.
float plain_sum(const std::vector<float>& values, ShardRange node) {
  if (node.size() == 1) return values[static_cast<size_t>(node.begin)];
  const auto [left, right] = children(node);
  return plain_sum(values, left) + plain_sum(values, right);
}

float sum_over_ranks(const std::vector<float>& values, int size) {
  const int shards = static_cast<int>(values.size());
  std::vector<std::pair<ShardRange, Tensor>> sent;
  for (int rank = 0; rank < size; ++rank)
    for (const auto& node : nodes_within(shards_of(rank, size, shards), shards)) sent.emplace_back(node, at::tensor({plain_sum(values, node)}));
  const auto total = sum_of({0, shards}, [&](ShardRange node) -> Tensor* {
    for (auto& [range, value] : sent)
      if (range == node) return &value;
    return nullptr;
  });
  return total.item<float>();
}

}  // namespace

TEST_CASE("shards: every shard has one rank, ranks' shares differ by one at most") {
  for (int shards : {1, 2, 3, 4, 7, 16})
    for (int size = 1; size <= shards; ++size) {
      int next = 0;
      for (int rank = 0; rank < size; ++rank) {
        const auto range = shards_of(rank, size, shards);
        CHECK(range.begin == next);
        CHECK(range.size() >= shards / size);
        CHECK(range.size() <= (shards + size - 1) / size);
        for (next = range.begin; next < range.end; ++next) CHECK(rank_of_shard(next, size, shards) == rank);
      }
      CHECK(next == shards);
    }
}

TEST_CASE("shards: the sum has the same bits for any number of ranks") {
  for (int shards : {1, 2, 3, 4, 5, 8, 13, 16}) {
    const auto values = random_values(shards);
    const float expected = plain_sum(values, {0, shards});
    for (int size = 1; size <= shards; ++size) CHECK(sum_over_ranks(values, size) == expected);
  }
}

TEST_CASE("shards: with powers of two a rank sends one node") {
  for (int size : {1, 2, 4, 8})
    for (int rank = 0; rank < size; ++rank) CHECK(nodes_within(shards_of(rank, size, 8), 8).size() == 1);
}

TEST_CASE("shards: what is undefined is no part of a sum") {
  std::vector<Tensor> values = {Tensor(), at::tensor({2.0f}), Tensor(), Tensor()};
  const auto at_leaf = [&](ShardRange node) -> Tensor* { return node.size() == 1 ? &values[static_cast<size_t>(node.begin)] : nullptr; };
  CHECK(sum_of({0, 4}, at_leaf).item<float>() == 2);
  CHECK_FALSE(sum_of({2, 4}, at_leaf).defined());
}

TEST_CASE("shards: owners share the elements evenly, as far as tensors allow") {
  const std::vector<int64_t> sizes = {100, 1, 60, 50, 1, 40, 1};
  const auto owners = assign_owners(sizes, 3);
  std::vector<int64_t> load(3, 0);
  for (size_t i = 0; i < sizes.size(); ++i) load[static_cast<size_t>(owners[i])] += sizes[i];
  for (const int64_t l : load) {
    CHECK(l <= 101);
    CHECK(l >= 61);
  }
  CHECK(assign_owners(sizes, 1) == std::vector<int>(7, 0));
}

}  // namespace lockstep
