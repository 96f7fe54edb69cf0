// SPDX-License-Identifier: Apache-2.0
// Gradients and optimizer steps over ranks have the bits of one rank.
#include "rl/ranks/tensors.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros_like.h>
#include <doctest/doctest.h>

#include <mutex>

#include "base/rng.h"
#include "base/text.h"
#include "rl/optimizer.h"
#include "tests/rl/memory_source.h"
#include "tests/rl/ranks/worlds.h"

namespace lockstep {

using model::NamedTensor;
using rl::ranks::World;
using test::with_ranks;

namespace {

constexpr int kShards = 4;

Tensor normals(at::IntArrayRef shape, uint64_t seed, at::ScalarType dtype) {
  const Tensor out = at::empty(shape, at::kFloat);
  base::Random random(seed, "ranks");
  for (int64_t i = 0; i < out.numel(); ++i) out.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return out.to(dtype);
}

// One parameter above a bucket, several within one, one that no shard has a gradient for.
std::vector<NamedTensor> parameters(at::ScalarType dtype) {
  return {{"small", normals({3, 5}, 1, dtype)},   {"large", normals({2100, 2000}, 2, dtype)}, {"norm", normals({33}, 3, dtype)},
          {"unused", normals({7, 7}, 4, dtype)}, {"other", normals({100, 257}, 5, dtype)}};
}

Tensor gradient(size_t parameter, int shard, const NamedTensor& p) {
  if (parameter == 3 || (parameter == 4 && shard != 2)) return {};
  return normals(p.tensor.sizes(), 100 + 10 * parameter + static_cast<uint64_t>(shard), p.tensor.scalar_type());
}

std::vector<Tensor> sums(const World& world, const rl::ranks::Owned& owned) {
  const auto own = rl::ranks::shards_of(world.rank(), world.size(), kShards);
  std::vector<std::vector<Tensor>> partial(owned.parameters.size());
  for (size_t i = 0; i < partial.size(); ++i)
    for (const auto& node : rl::ranks::nodes_within(own, kShards)) {
      std::vector<Tensor> leaves;
      for (int shard = 0; shard < kShards; ++shard) leaves.push_back(gradient(i, shard, owned.parameters[i]));
      partial[i].push_back(rl::ranks::sum_of(
          node, [&](rl::ranks::ShardRange n) -> Tensor* { return n.size() == 1 ? &leaves[static_cast<size_t>(n.begin)] : nullptr; }));
    }
  return rl::ranks::sum_to_owners(world, owned, partial, kShards);
}

rl::ranks::Owned owned_by(int size, at::ScalarType dtype) {
  rl::ranks::Owned owned{parameters(dtype), {}};
  std::vector<int64_t> sizes;
  for (const auto& p : owned.parameters) sizes.push_back(p.tensor.numel());
  owned.owners = rl::ranks::assign_owners(sizes, size);
  return owned;
}

struct Trained {
  std::vector<NamedTensor> parameters, state;
  double norm = 0;
};

// Two steps of AdamW, the second after a restart from the first's state.
Trained train(const World& world, at::ScalarType dtype, const std::vector<NamedTensor>* resume = nullptr) {
  base::ThreadPool pool(1);
  auto owned = owned_by(world.size(), dtype);
  rl::AdamW optimizer(owned.parameters, {.weight_decay = 0.1}, pool, &world, owned.owners);
  if (resume) optimizer.import_state(test::MemorySource(*resume));
  const auto gradients = sums(world, owned);
  for (size_t i = 0; i < gradients.size(); ++i) owned.parameters[i].tensor.mutable_grad() = gradients[i];
  const auto report = optimizer.step(1e-2);
  return {owned.parameters, optimizer.export_state(), report.grad_norm};
}

bool same(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].name != b[i].name || !at::equal(a[i].tensor, b[i].tensor)) return false;
  return true;
}

}  // namespace

TEST_CASE("ranks: each gradient is on its owner, with the bits of one rank, and nowhere else") {
  const auto expected = sums(World(), owned_by(1, at::kFloat));
  for (int size : {2, 3, 4})
    with_ranks(size, [&](World& world) {
      const auto owned = owned_by(size, at::kFloat);
      const auto got = sums(world, owned);
      for (size_t i = 0; i < got.size(); ++i) {
        if (!expected[i].defined() || owned.owners[i] != world.rank())
          CHECK_FALSE(got[i].defined());
        else
          CHECK(at::equal(got[i], expected[i]));
      }
    });
}

TEST_CASE("ranks: an optimizer whose state is spread gives the bits of one, and its state can be resumed by any number") {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto first = train(World(), dtype);
    const auto second = train(World(), dtype, &first.state);
    for (int size : {2, 3}) {
      std::mutex mutex;
      std::vector<NamedTensor> state;
      with_ranks(size, [&](World& world) {
        const auto got = train(world, dtype);
        CHECK(got.norm == first.norm);
        CHECK(same(got.parameters, first.parameters));
        const auto resumed = train(world, dtype, &first.state);
        CHECK(same(resumed.parameters, second.parameters));
        const std::lock_guard lock(mutex);
        if (world.is_first()) state = got.state;
      });
      CHECK(same(state, first.state));
    }
  }
}

}  // namespace lockstep
