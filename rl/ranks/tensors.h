// SPDX-License-Identifier: Apache-2.0
// Gradients to the ranks that own their parameters, and the new parameters back to all.
#pragma once

#include <vector>

#include "model/checkpoint_io.h"
#include "rl/ranks/shards.h"
#include "rl/ranks/world.h"

namespace lockstep::rl::ranks {

// Parameters with the rank that owns each: it alone keeps its optimizer state (ZeRO stage 1, arXiv:1910.02054).
struct Owned {
  std::vector<model::NamedTensor> parameters;
  std::vector<int> owners;
};

// Per parameter the sum of its gradient over all shards, on its owner; undefined elsewhere, and where no shard has one.
// partial[p][n] is this rank's sum over node n of nodes_within(its shards); what is undefined is no part of the sum.
std::vector<Tensor> sum_to_owners(const World& world, const Owned& owned, const std::vector<std::vector<Tensor>>& partial, int num_shards);

// Every rank's parameters become what their owners have.
void share_from_owners(const World& world, const Owned& owned);

// On rank 0 the tensor that `owner` has: `own` is where it is received. Other ranks get `own` back, which is read on the owner alone.
Tensor collect_on_first(const World& world, const Tensor& own, int owner, const std::string& name);

}  // namespace lockstep::rl::ranks
