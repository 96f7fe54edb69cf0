// SPDX-License-Identifier: Apache-2.0
// From the word on a command line to reward configs.
#include "rewards/tools/spec.h"

#include <filesystem>
#include <optional>

#include "base/text.h"

namespace lockstep::rewards::tools {
namespace {

using base::Json;

bool is_file(const std::string& path) { return std::filesystem::is_regular_file(path); }

std::optional<RewardConfig> plugin_of(const std::string& spec) {
  const size_t colon = spec.rfind(':');
  const std::string file = spec.substr(0, colon);
  if (spec.starts_with("http://")) return RewardConfig{.type = "http", .options = {{"url", spec}}};
  if (spec.ends_with(".py") || (colon != std::string::npos && file.ends_with(".py"))) {
    Json options = {{"file", file}};
    if (colon != std::string::npos) options["function"] = spec.substr(colon + 1);
    return RewardConfig{.type = "python", .options = options};
  }
  if (spec.ends_with(".so")) return RewardConfig{.type = "library", .options = {{"file", spec}}};
  return std::nullopt;
}

}  // namespace

Spec load_spec(const std::string& spec) {
  if (auto plugin = plugin_of(spec)) return {{*plugin}, "SPEC"};
  if (!is_file(spec)) return {{{.type = spec}}, "SPEC"};
  Json json = base::parse_json_file(spec, {.comments = true});
  Spec result{{}, spec + ":"};
  if (json.is_object() && json.contains("rewards")) {
    json = Json(json["rewards"]);
    result.where += "/rewards";
  }
  if (!json.is_array()) json = Json::array({json});
  for (const Json& entry : json) {
    const std::string where = cat(result.where, "/", result.configs.size());
    base::load(entry, result.configs.emplace_back(), where);
  }
  return result;
}

}  // namespace lockstep::rewards::tools
