// SPDX-License-Identifier: Apache-2.0
// JSON as we read it: comments allowed in configs, duplicate keys refused, depth and size bounded.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lockstep::base {

using Json = nlohmann::ordered_json;

struct JsonLimits {
  bool comments = false;  // accept // and /* */
  size_t max_depth = 64;
  size_t max_bytes = 256u << 20;
};

// Parses one document. `origin` (file name, or file:line of a JSONL row) appears in the Error. Refuses
// ill-formed UTF-8, duplicate keys, trailing text, NaN and numbers out of range.
Json parse_json(std::string_view text, std::string_view origin, const JsonLimits& limits = {});
Json parse_json_file(const std::string& path, const JsonLimits& limits = {});

}  // namespace lockstep::base
