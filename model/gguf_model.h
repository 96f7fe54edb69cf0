// SPDX-License-Identifier: Apache-2.0
// A GGUF file as a model: metadata -> ModelConfig, tensors under Hugging Face names; internal to model/.
#pragma once

#include <string>

#include "model/checkpoint_io.h"

namespace lockstep::model {

// llama, qwen2, qwen3 and qwen3moe files. Throws Error on anything else and on every fault of the file.
OpenModel open_gguf(const std::string& file);

}  // namespace lockstep::model
