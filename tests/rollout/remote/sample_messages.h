// SPDX-License-Identifier: Apache-2.0
// One message of every type with no field left at its default, and what its members are.
#pragma once

#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include "rollout/remote/messages.h"

namespace lockstep::test {

// Every sample is of another type, in the variant's order.
std::vector<rollout::remote::Envelope> sample_messages();
// Numbers at the ends of their ranges, NaNs, empty and long lists.
std::vector<rollout::remote::Envelope> extreme_messages();

// True when every member has the same bits.
bool are_same(const rollout::remote::Message& a, const rollout::remote::Message& b);
// True when a member equals that of a default-constructed message of the same type, so that a test would not notice its loss.
bool has_default_member(const rollout::remote::Message& message);

// Writes length and checksum anew into a frame whose bytes were changed.
void seal(std::string& frame);

}  // namespace lockstep::test
