// SPDX-License-Identifier: Apache-2.0
// Every operation of the lanes as a function on arrays, once per instruction set, for lanes_test and lane_math_test.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace lockstep::kernels::cpu::test {

struct LaneOperands {
  const float *a, *b, *c;  // [256] f32: sixteen lanes of sixteen
  const uint16_t* half;    // [16] bf16
  const uint32_t* words;   // [64]
  int count;               // of the operations on the first lanes, 0..16
};

// One operation: up to 256 results in `out`, as raw bits so that no NaN is changed on the way.
struct LaneCase {
  const char* name;
  int num_results;
  bool is_exact;  // moves bits: NaNs too must be the same
  void (*run)(const LaneOperands& operands, uint32_t* out);
};

struct LaneCases {
  const LaneCase* begin;
  int size;
  void (*exp)(const float* x, float* y, int64_t size);  // size: a multiple of 16
  void (*log)(const float* x, float* y, int64_t size);
  void (*sigmoid)(const float* x, float* y, int64_t size);
  void (*silu)(const float* x, float* y, int64_t size);
};

const LaneCases& lane_cases(Isa isa);

}  // namespace lockstep::kernels::cpu::test
