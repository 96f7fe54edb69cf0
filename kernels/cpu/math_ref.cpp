// SPDX-License-Identifier: Apache-2.0
// The operations of one lane in the order of lane_math.h. Callers hold a FloatMode.
#include "kernels/cpu/math_ref.h"

#include <bit>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "base/log_f32.h"

namespace lockstep::kernels::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

float exp_ref(float x) {
  if (std::isnan(x)) return x;
  if (x < -87.336544f) return 0.0f;
  if (x > 88.3762f) return kInfinity;
  const float n = std::nearbyint(x * 1.44269504f);
  float r = std::fma(n, -0.693359375f, x);
  r = std::fma(n, 2.12194440e-4f, r);
  float p = 0x1.9f0882p-13f;
  for (const float c : {0x1.6d8d22p-10f, 0x1.11127p-7f, 0x1.55548ep-5f, 0x1.555554p-3f, 0.5f, 1.0f, 1.0f})
    p = std::fma(p, r, c);
  return p * std::bit_cast<float>(static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23);
}

float log_ref(float x) {
  if (std::isnan(x) || x == kInfinity) return x;
  if (x < 0.0f) return std::numeric_limits<float>::quiet_NaN();
  if (x < std::numeric_limits<float>::min()) return -kInfinity;
  return base::log_f32(x);
}

float sigmoid_ref(float x) { return 1.0f / (1.0f + exp_ref(0.0f - x)); }
float silu_ref(float x) { return x / (1.0f + exp_ref(0.0f - x)); }

float from_bf16_ref(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

uint16_t to_bf16_ref(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  if (magnitude < 0x00800000u) return static_cast<uint16_t>(bits >> 16 & 0x8000u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

float LaneSumRef::total() const {
  float t[16];
  for (int i = 0; i < 16; ++i) t[i] = partial_[i];
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) t[i] = t[i] + t[i + half];
  return t[0];
}

float LaneMaxRef::total() const {
  float t[16];
  for (int i = 0; i < 16; ++i) t[i] = partial_[i];
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) t[i] = t[i] > t[i + half] ? t[i] : t[i + half];
  return t[0];
}

}  // namespace lockstep::kernels::cpu
