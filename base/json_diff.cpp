// SPDX-License-Identifier: Apache-2.0
// The first difference of two JSON values.
#include "base/json_diff.h"

namespace lockstep::base {

std::string first_difference(const Json& a, const Json& b) {
  // Through text: Json keeps the order of its keys, in which the library's diff would see differences.
  const auto diff = nlohmann::json::diff(nlohmann::json::parse(a.dump()), nlohmann::json::parse(b.dump()));
  return diff.empty() ? "" : diff[0].at("path").get<std::string>();
}

}  // namespace lockstep::base
