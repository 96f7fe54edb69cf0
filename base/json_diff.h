// SPDX-License-Identifier: Apache-2.0
// Where two JSON values differ.
#pragma once

#include <string>

#include "base/json.h"

namespace lockstep::base {

// JSON pointer of the first difference, "" if there is none. The order of keys does not count.
std::string first_difference(const Json& a, const Json& b);

}  // namespace lockstep::base
