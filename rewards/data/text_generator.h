// SPDX-License-Identifier: Apache-2.0
// The seam behind which a text comes from: a model in this process, or one behind an endpoint.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rewards/plugins/chat_client.h"

namespace lockstep::rewards::data {

struct GeneratedText {
  std::optional<std::string> text = {};
  std::string problem = {};  // without a text: why
};

// One entry per prompt, in their order.
using TextGenerator = std::function<std::vector<GeneratedText>(std::span<const std::string> prompts)>;

// A text for every prompt, in their order: what a caller with a model passes in.
using TextModel = std::function<std::vector<std::string>(std::span<const std::string> prompts)>;

// Error at the call when the model gives another number of texts. A blank text counts as none.
TextGenerator generator_of(TextModel model);

// Asks for as many at the same time as the config allows. Error at `where` as ChatClient has it; what the server does wrong
// becomes the problem of its prompt.
TextGenerator endpoint_generator(const plugins::ChatConfig& config, const std::string& where);

}  // namespace lockstep::rewards::data
