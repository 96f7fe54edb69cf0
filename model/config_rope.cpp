// SPDX-License-Identifier: Apache-2.0
// RoPE of a config.json: transformers 4 writes rope_theta + rope_scaling, transformers 5 writes
// rope_parameters.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "model/config_checks.h"

namespace lockstep::model {
namespace {

using base::Json;

constexpr double kMaxFactor = 1e6;

// A key that we do not know may change the rotation: refuse it rather than compute something else in silence.
void refuse_unknown_keys(const ConfigReader& rope, const Json& json) {
  static constexpr std::array kKnown{"rope_type",
                                     "type",
                                     "rope_theta",
                                     "factor",
                                     "original_max_position_embeddings",
                                     "low_freq_factor",
                                     "high_freq_factor",
                                     "beta_fast",
                                     "beta_slow",
                                     "mscale",
                                     "mscale_all_dim",
                                     "attention_factor",
                                     "truncate",
                                     "partial_rotary_factor",
                                     "finetuned"};
  for (const auto& [key, value] : json.items()) {
    if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end() && !value.is_null()) {
      rope.refuse(base::printable(key),
                  cat("the RoPE setting \"", base::printable(key), "\" is not supported"),
                  "use a model with rope_type default, linear, llama3 or yarn and no other settings");
    }
  }
  if (rope.number("partial_rotary_factor", 1.0, 0.0, 1.0) != 1.0) {
    rope.refuse("partial_rotary_factor", "partial_rotary_factor other than 1 is not supported",
                "use a model that rotates whole heads");
  }
}

void read_yarn(const ConfigReader& rope, const ModelConfig& config, RopeScaling& scaling) {
  // transformers: a null factor is the ratio of the two context lengths.
  const double ratio = static_cast<double>(config.max_position_embeddings) /
                       static_cast<double>(scaling.original_max_position_embeddings);
  scaling.factor = rope.number("factor", std::max(ratio, 1.0), 1.0, kMaxFactor);
  scaling.beta_fast = rope.number("beta_fast", 32.0, 1e-6, kMaxFactor);
  scaling.beta_slow = rope.number("beta_slow", 1.0, 1e-6, kMaxFactor);
  scaling.mscale = rope.optional_number("mscale", 0.0, kMaxFactor);
  scaling.mscale_all_dim = rope.optional_number("mscale_all_dim", 0.0, kMaxFactor);
  scaling.attention_factor = rope.optional_number("attention_factor", 0.0, kMaxFactor);
  scaling.truncate = rope.flag("truncate", true);
  if (scaling.beta_fast < scaling.beta_slow) {
    rope.refuse("beta_fast",
                cat("beta_fast = ", scaling.beta_fast, " is below beta_slow = ", scaling.beta_slow),
                "make beta_fast at least beta_slow");
  }
}

void read_llama3(const ConfigReader& rope, RopeScaling& scaling) {
  scaling.factor = rope.number("factor", std::nullopt, 1.0, kMaxFactor);
  scaling.low_freq_factor = rope.number("low_freq_factor", std::nullopt, 1e-6, kMaxFactor);
  scaling.high_freq_factor = rope.number("high_freq_factor", std::nullopt, 1e-6, kMaxFactor);
  if (scaling.high_freq_factor <= scaling.low_freq_factor) {
    rope.refuse("high_freq_factor",
                cat("high_freq_factor = ", scaling.high_freq_factor,
                    " is not above low_freq_factor = ", scaling.low_freq_factor),
                "make high_freq_factor larger than low_freq_factor");
  }
}

}  // namespace

void read_rope(const ConfigReader& reader, ModelConfig& config) {
  constexpr double kLowestTheta = 1.0, kHighestTheta = 1e15;
  config.rope_theta = reader.number("rope_theta", 10000.0, kLowestTheta, kHighestTheta);
  const std::string key = reader.has("rope_scaling") ? "rope_scaling" : "rope_parameters";
  if (!reader.has(key)) return;
  const ConfigReader rope = reader.child(key);
  refuse_unknown_keys(rope, *reader.find(key));
  config.rope_theta = rope.number("rope_theta", config.rope_theta, kLowestTheta, kHighestTheta);

  RopeScaling& scaling = config.rope_scaling;
  scaling.rope_type = rope.text("rope_type", rope.text("type", "default"));
  if (scaling.rope_type == "default") return;
  // Some families keep the trained length beside the dictionary; transformers gives that one priority.
  constexpr ConfigReader::Bounds kPositions{1, int64_t{1} << 40};
  const int64_t inner =
      rope.integer("original_max_position_embeddings", config.max_position_embeddings, kPositions);
  const int64_t original = reader.integer("original_max_position_embeddings", inner, kPositions);
  if (scaling.rope_type == "linear") {
    scaling.factor = rope.number("factor", std::nullopt, 1.0, kMaxFactor);
    return;
  }
  scaling.original_max_position_embeddings = original;
  if (scaling.rope_type == "yarn") return read_yarn(rope, config, scaling);
  if (scaling.rope_type == "llama3") return read_llama3(rope, scaling);
  rope.refuse("rope_type", cat("rope_type \"", base::printable(scaling.rope_type), "\" is not supported"),
              "use a model with rope_type default, linear, llama3 or yarn");
}

}  // namespace lockstep::model
