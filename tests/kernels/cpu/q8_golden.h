// SPDX-License-Identifier: Apache-2.0
// Blocks of weights as gguf 0.19.0 quantises them to Q8_0. Printed by make_q8_golden.py.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace lockstep::kernels::cpu::test {

// Ordinary numbers, numbers whose scale is a denormal f16, halves of the scale, one number alone, zeros.
inline std::vector<float> golden_weights() {
  std::vector<float> w;
  for (int i = 0; i < 32; ++i) w.push_back(static_cast<float>(i * 37 % 101 - 50) / 64);
  for (int i = 0; i < 32; ++i) w.push_back(std::ldexp(static_cast<float>(i * 41 % 103 - 51), -18));
  for (int i = 0; i < 32; ++i) w.push_back(i == 9 ? 1.984375f : (static_cast<float>(i) - 15.5f) / 64);
  for (int i = 0; i < 32; ++i) w.push_back(i == 30 ? -1000.1f : 0.0f);
  for (int i = 0; i < 32; ++i) w.push_back(0.0f);
  return w;
}

inline constexpr uint16_t kGoldenScales[] = {0x1e4d, 0x001a, 0x2400, 0x47e0, 0x0000};
inline constexpr int8_t kGoldenQuants[][32] = {
    {-127, -33, 61, -102, -8,  86, -76,  18,  112, -51, 43, -119, -25, 69, -94, 0,
     94,   -69, 25, 119,  -43, 51, -112, -18, 76,  -86, 8,  102,  -61, 33, 127, -36},
    {-127, -25, 77,  -77, 25,  127, -27, 75,  -80, 22,  125, -30, 72,  -82, 20,  122,
     -32,  70,  -85, 17,  120, -35, 67,  -87, 15,  117, -37, 65,  -90, 12,  115, -40},
    {-16, -15, -14, -13, -12, -11, -10, -9, -8, 127, -6, -5, -4, -3, -2, -1,
     1,   2,   3,   4,   5,   6,   7,   8,  9,  10,  11, 12, 13, 14, 15, 16},
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -127, 0},
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
};

}  // namespace lockstep::kernels::cpu::test
