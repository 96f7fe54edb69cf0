// SPDX-License-Identifier: Apache-2.0
// Small random models for the engine's tests, and what the learner's path says about their completions.
#pragma once

#include <vector>

#include "model/transformer.h"
#include "rollout/engine.h"

namespace lockstep::test {

inline constexpr int64_t kTinyVocab = 61;

model::ModelConfig tiny_llama();     // grouped-query attention
model::ModelConfig tiny_deepseek();  // latent attention and a mixture of experts

// Random weights that make distributions neither flat nor certain.
model::Transformer tiny_model(const model::ModelConfig& config, uint64_t seed = 1);

// `count` requests of different prompt lengths from 1 to about 40 tokens.
std::vector<rollout::Request> some_requests(int count, int num_samples);

// Log-probabilities of a completion's ids by one forward pass over prompt and completion without any cache.
std::vector<float> learner_logprobs(const model::Transformer& model,
                                    const rollout::Request& request,
                                    const rollout::Completion& completion,
                                    double temperature = 1.0);

// Logits of every position of `ids`, [N, V] f32, without any cache.
Tensor full_logits(const model::Transformer& model, const std::vector<model::TokenId>& ids);

}  // namespace lockstep::test
