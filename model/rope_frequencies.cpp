// SPDX-License-Identifier: Apache-2.0
// Rotary frequencies: default, linear, Llama 3 and YaRN.
#include "model/rope_frequencies.h"

#include <ATen/ops/cos.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sin.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/text.h"
#include "kernels/backend.h"
#include "kernels/cpu/f64_math.h"
#include "kernels/cpu/rope_angles.h"

namespace lockstep::model {
namespace {

// YaRN's magnitude correction: 0.1 m ln(s) + 1 for s > 1.
double yarn_mscale(double scale, double m) { return scale <= 1.0 ? 1.0 : 0.1 * m * kernels::cpu::log_f64(scale) + 1.0; }

double yarn_attention_factor(const RopeScaling& s) {
  if (s.attention_factor) return *s.attention_factor;
  if (s.mscale && s.mscale_all_dim && *s.mscale != 0 && *s.mscale_all_dim != 0)
    return yarn_mscale(s.factor, *s.mscale) / yarn_mscale(s.factor, *s.mscale_all_dim);
  return yarn_mscale(s.factor, 1.0);
}

// The dimension whose wavelength makes `rotations` turns over the original context.
double yarn_correction(double rotations, double dim, double base, double context) {
  return dim * kernels::cpu::log_f64(context / (rotations * 2.0 * std::numbers::pi)) / (2.0 * kernels::cpu::log_f64(base));
}

double yarn_frequency(double f, int64_t i, int64_t dim, const ModelConfig& config) {
  const RopeScaling& s = config.rope_scaling;
  const double context = static_cast<double>(
      s.original_max_position_embeddings > 0 ? s.original_max_position_embeddings : config.max_position_embeddings);
  double low = yarn_correction(s.beta_fast, static_cast<double>(dim), config.rope_theta, context);
  double high = yarn_correction(s.beta_slow, static_cast<double>(dim), config.rope_theta, context);
  if (s.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(dim - 1));
  if (low == high) high += 0.001;
  const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
  return f / s.factor * ramp + f * (1.0 - ramp);
}

double llama3_frequency(double f, const RopeScaling& s) {
  const double context = static_cast<double>(s.original_max_position_embeddings);
  const double wavelength = 2.0 * std::numbers::pi / f;
  if (wavelength < context / s.high_freq_factor) return f;
  if (wavelength > context / s.low_freq_factor) return f / s.factor;
  const double smooth = (context / wavelength - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1.0 - smooth) * f / s.factor + smooth * f;
}

}  // namespace

RopeFrequencies rope_frequencies(const ModelConfig& config) {
  const int64_t dim = config.is_mla() ? config.qk_rope_head_dim : config.head_dim;
  const RopeScaling& s = config.rope_scaling;
  RopeFrequencies out;
  out.inverse = at::empty({dim / 2}, at::kFloat);
  for (int64_t i = 0; i < dim / 2; ++i) {
    double f = kernels::cpu::inverse_frequency(config.rope_theta, 2.0 * static_cast<double>(i) / static_cast<double>(dim));
    if (s.rope_type == "linear")
      f /= s.factor;
    else if (s.rope_type == "llama3")
      f = llama3_frequency(f, s);
    else if (s.rope_type == "yarn")
      f = yarn_frequency(f, i, dim, config);
    else if (s.rope_type != "default")
      throw Error(cat("rope type \"", s.rope_type, "\" is not supported"), "rope_scaling.rope_type",
                  "use a model with default, linear, llama3 or yarn");
    out.inverse.mutable_data_ptr<float>()[i] = static_cast<float>(f);
  }
  if (s.rope_type == "yarn") out.attention_factor = yarn_attention_factor(s);
  return out;
}

kernels::RopeRows rope_rows(const RopeFrequencies& frequencies, const Tensor& positions) {
  if (kernels::is_native(positions.device())) return kernels::native_rope_rows(frequencies.inverse, positions, frequencies.attention_factor);
  const auto inverse = frequencies.inverse.to(positions.device());
  const auto angles = positions.to(at::kFloat).unsqueeze(1).mul(inverse).unsqueeze(1);  // [N, 1, R / 2]
  auto cos = at::cos(angles), sin = at::sin(angles);
  if (frequencies.attention_factor != 1.0) {
    cos.mul_(frequencies.attention_factor);
    sin.mul_(frequencies.attention_factor);
  }
  return {cos, sin};
}

double attention_scale(const ModelConfig& config) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(config.qk_head_dim()));
  const RopeScaling& s = config.rope_scaling;
  if (!config.is_mla() || s.rope_type == "default" || !s.mscale_all_dim || *s.mscale_all_dim == 0) return scale;
  const double m = yarn_mscale(s.factor, *s.mscale_all_dim);
  return scale * m * m;
}

}  // namespace lockstep::model
