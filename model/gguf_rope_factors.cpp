// SPDX-License-Identifier: Apache-2.0
// Divisors from settings, and settings from divisors.
#include "model/gguf_rope_factors.h"

#include <algorithm>
#include <cmath>

#include "model/rope_frequencies.h"

namespace lockstep::model {

std::vector<float> llama3_factors(const ModelConfig& config) {
  ModelConfig plain = config;
  plain.rope_scaling = RopeScaling{};
  const Tensor unscaled = rope_frequencies(plain).inverse, scaled = rope_frequencies(config).inverse;
  std::vector<float> factors(static_cast<size_t>(scaled.numel()));
  for (size_t i = 0; i < factors.size(); ++i) {
    factors[i] = unscaled.const_data_ptr<float>()[i] / scaled.const_data_ptr<float>()[i];
  }
  return factors;
}

std::optional<RopeScaling> llama3_settings(const std::vector<float>& factors, double theta) {
  if (factors.empty()) return std::nullopt;
  ModelConfig config;
  config.head_dim = 2 * static_cast<int64_t>(factors.size());
  config.rope_theta = theta;
  config.rope_scaling.rope_type = "llama3";
  // The longest wavelengths are divided by the factor itself.
  config.rope_scaling.factor = std::round(*std::max_element(factors.begin(), factors.end()));
  if (!(config.rope_scaling.factor >= 1.0 && config.rope_scaling.factor <= 1e6)) return std::nullopt;
  config.rope_scaling.original_max_position_embeddings = 8192;  // of every Llama 3.1 to 3.3
  const std::vector<float> expected = llama3_factors(config);
  const bool is_equal = std::equal(factors.begin(), factors.end(), expected.begin(), [](float a, float b) {
    return std::abs(a - b) <= 1e-3f * b;  // false for NaN
  });
  return is_equal ? std::optional(config.rope_scaling) : std::nullopt;
}

}  // namespace lockstep::model
