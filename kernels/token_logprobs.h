// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of chosen tokens from hidden states, without keeping the [N, V] softmax of a large vocabulary.
#pragma once

#include <functional>

#include "kernels/linear.h"

namespace lockstep::kernels {

// hidden [N, D] times head [V, D] transposed -> [N, V] f32, divided by `temperature`. No gradient; the sampler's logits.
Tensor linear_logits(const Tensor& hidden, const Weight& head, double temperature);

// Calls work(first column, logits [N, columns] f32 on the CPU, contiguous) for blocks of the vocabulary in order: hidden [N, D]
// times head [V, D] transposed, not divided by anything. A block fits into the caches of a core, so that what is made of the
// logits meets them there; `first column` is a multiple of 512. The logits live as long as the call of work. No gradient.
void for_logit_blocks(const Tensor& hidden, const Weight& head, const std::function<void(int64_t first, const Tensor& logits)>& work);

struct TokenLogprobs {
  Tensor logprobs;  // [N] f32, log p(target | prefix)
  Tensor entropy;   // [N] f32, nats; undefined unless asked for
};

// hidden [N, D] f32|bf16, head [V, D], targets [N] i64 in [0, V). Log-softmax in f32 after division by `temperature`.
// Both have gradients; a backward pass that does not reach the entropy costs, and computes, what it does without it.
// Works through rows in chunks; keeps the probabilities for the backward pass only while N V is small, else recomputes.
TokenLogprobs token_logprobs(const Tensor& hidden,
                             const Tensor& head,
                             const Tensor& targets,
                             double temperature,
                             bool with_entropy);

}  // namespace lockstep::kernels
