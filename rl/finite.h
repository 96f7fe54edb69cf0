// SPDX-License-Identifier: Apache-2.0
// The Error of a training run whose numbers are no longer finite.
#pragma once

#include <string>
#include <string_view>

namespace lockstep::rl {

// Error "<name> is nan" unless `value` is finite.
void check_finite(double value, std::string_view name, const std::string& where);

}  // namespace lockstep::rl
