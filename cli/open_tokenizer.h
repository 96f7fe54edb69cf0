// SPDX-License-Identifier: Apache-2.0
// A model's tokenizer and a prompt format, for the verbs that need no weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/verb.h"
#include "model/chat_template.h"
#include "model/tokenizer.h"

namespace lockstep::cli {

// Of a model folder, or of a GGUF file that carries its tokenizer. Error: it has none.
std::shared_ptr<const model::Tokenizer> open_tokenizer(const std::string& path);

std::vector<Option> format_options();  // --format, --system, --prefill
model::PromptFormat prompt_format(const Arguments& arguments);

}  // namespace lockstep::cli
