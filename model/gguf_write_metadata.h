// SPDX-License-Identifier: Apache-2.0
// A model's config and tokenizer as GGUF metadata; internal to model/.
#pragma once

#include <string>

#include "model/checkpoint_io.h"
#include "model/gguf_out.h"

namespace lockstep::model {

// Throws Error (where = `file`) for a model that llama.cpp would compute differently: DeepSeek families, Qwen 3 with biases,
// mixtures that keep dense layers or do not renormalise, and a tokenizer larger than the embedding.
GgufPairs gguf_metadata_of(const std::string& file,
                           const ModelConfig& config,
                           const Tokenizer* tokenizer,
                           GgufType type);

}  // namespace lockstep::model
