// SPDX-License-Identifier: Apache-2.0
// The payload of each message: one list of fields per struct serves writing and reading alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "rollout/remote/messages.h"

namespace lockstep::rollout::remote {

using base::ByteReader;
using base::ByteWriter;

void write_message(ByteWriter& writer, const Message& message);  // Error when a field is beyond its limit

// The message whose position in the variant is `index`; nullopt when there is no such type, or when `reader` failed or has
// bytes left over. `bad_field` then names what was wrong: "num_samples".
std::optional<Message> read_message(ByteReader& reader, size_t index, const char** bad_field);

}  // namespace lockstep::rollout::remote
