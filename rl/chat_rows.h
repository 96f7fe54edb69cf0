// SPDX-License-Identifier: Apache-2.0
// Texts and messages of a data row, checked.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/chat_template.h"

namespace lockstep::rl {

// The non-empty text under `key`. Error at `where` otherwise.
const std::string& text_of(const base::Json& row, const std::string& key, const std::string& where);
// A list of {"role", "content"}; a text is one message of the user. Error at `where` otherwise.
std::vector<model::Message> messages_of(const base::Json& row, const std::string& key, const std::string& where);

}  // namespace lockstep::rl
