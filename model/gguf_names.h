// SPDX-License-Identifier: Apache-2.0
// GGUF's names of tensors and Hugging Face's, and the llama layout of q and k; internal to model/.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "kernels/tensor.h"
#include "model/model_config.h"

namespace lockstep::model {

// "blk.3.attn_q.weight" <-> "model.layers.3.self_attn.q_proj.weight". Experts are one tensor [E, out, in] there: its Hugging
// Face name has "*" for the expert's number. nullopt: no tensor that we know.
std::optional<std::string> hf_name_of_gguf(const std::string& name);
std::optional<std::string> gguf_name_of_hf(const std::string& name);

// The architectures: {"llama", Family::llama}, ...; files name qwen3_moe "qwen3moe".
constexpr std::array<std::pair<const char*, Family>, 4> kGgufArchitectures{
    {{"llama", Family::llama}, {"qwen2", Family::qwen2}, {"qwen3", Family::qwen3}, {"qwen3moe", Family::qwen3_moe}}};

// Heads whose rows are interleaved in a GGUF file: llama files store q and k for RoPE on neighbouring pairs (x0, x1), ...,
// Hugging Face for pairs (x_i, x_{i + d/2}). 0: rows are as they are.
int64_t interleaved_heads(const ModelConfig& config, const std::string& hf_name);
Tensor interleave_rows(const Tensor& weight, int64_t heads);    // Hugging Face -> GGUF; weight [heads * d, ...]
Tensor deinterleave_rows(const Tensor& weight, int64_t heads);  // GGUF -> Hugging Face

}  // namespace lockstep::model
