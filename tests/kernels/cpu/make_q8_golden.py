# SPDX-License-Identifier: Apache-2.0
"""Prints tests/kernels/cpu/q8_golden.h: what Python's gguf makes of a few blocks of weights.

    pip install gguf==0.19.0
    python tests/kernels/cpu/make_q8_golden.py | clang-format > tests/kernels/cpu/q8_golden.h
"""
import gguf
import numpy as np

HEAD = """// SPDX-License-Identifier: Apache-2.0
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
"""

i = np.arange(32)
weights = np.concatenate([
    (i * 37 % 101 - 50) / 64,
    np.ldexp((i * 41 % 103 - 51).astype(np.float32), -18),
    np.where(i == 9, 1.984375, (i - 15.5) / 64),
    np.where(i == 30, np.float32(-1000.1), 0),
    np.zeros(32),
]).astype(np.float32)
blocks = gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q8_0).reshape(-1, 34)
scales = blocks[:, :2].copy().view(np.uint16).ravel()
quants = blocks[:, 2:].copy().view(np.int8)

print(HEAD)
print(f"inline constexpr uint16_t kGoldenScales[] = {{{', '.join(f'0x{s:04x}' for s in scales)}}};")
print("inline constexpr int8_t kGoldenQuants[][32] = {")
for row in quants:
    print("    {" + ", ".join(str(q) for q in row[:16]) + ",")
    print("     " + ", ".join(str(q) for q in row[16:]) + "},")
print("};\n\n}  // namespace lockstep::kernels::cpu::test")
