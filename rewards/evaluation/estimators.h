// SPDX-License-Identifier: Apache-2.0
// Estimators of one prompt from n samples: pass@k and cons@k.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace lockstep::rewards::evaluation {

// Unbiased estimate of "at least one of k samples is right" from c right ones of n: 1 - C(n - c, k) / C(n, k)
// (Chen et al. 2021, arXiv:2107.03374, eq. 1). 0 <= c <= n, 1 <= k <= n.
double pass_at_k(int64_t n, int64_t c, int64_t k);

// What one sample votes for: 0 is the right answer, however it is written; each wrong answer has a number of its own. A
// sample without an answer has no vote.
using Vote = std::optional<int>;

// Is the most frequent answer right? Of equally frequent ones the one drawn first counts; without any vote: no.
bool majority_is_right(std::span<const Vote> votes);

// How many subsets cons@k looks at, and what keys them.
struct VoteDraws {
  int num_draws = 100;
  uint64_t key = 0;
};

// Mean of majority_is_right over subsets of k of the n votes, their order kept: all subsets where there are at most
// num_draws of them, otherwise num_draws random ones, draw d keyed by (key, k, d). For k = n the majority of all. 1 <= k <= n.
// The order of the votes matters: it decides ties, and which samples a random subset holds.
double cons_at_k(std::span<const Vote> votes, int64_t k, const VoteDraws& draws);

}  // namespace lockstep::rewards::evaluation
