// SPDX-License-Identifier: Apache-2.0
// The parity probe: what a worker must draw, bit for bit, before it may join.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rollout/engine.h"

namespace lockstep::rollout::remote {

// A small fixed call; its prompts are ids spread over the vocabulary, so that most of a model takes part in it.
struct Probe {
  std::vector<Request> requests;
  SamplingConfig sampling;
  uint64_t seed = 0;
};
Probe make_probe(int64_t vocab_size);

// Where the worker's group differs from ours, with both tokens and the bits of both log-probabilities; nullopt: nowhere.
std::optional<std::string> find_difference(const Group& ours, const Group& theirs);

}  // namespace lockstep::rollout::remote
