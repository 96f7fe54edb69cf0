// SPDX-License-Identifier: Apache-2.0
// One lane of kernels/cpu/lane_math.h and the fixed-order sum of a row as plain scalar code, for the reference kernels.
#pragma once

#include <cstdint>
#include <limits>

namespace lockstep::kernels::cpu {

float exp_ref(float x);
float log_ref(float x);
float sigmoid_ref(float x);
float silu_ref(float x);

float from_bf16_ref(uint16_t bits);
uint16_t to_bf16_ref(float x);

// The sum of a row as the kernels make it: element j belongs to partial sum j % 16, partial sums are added by halves.
class LaneSumRef {
 public:
  float& partial(int64_t j) { return partial_[j % 16]; }
  float total() const;

 private:
  float partial_[16] = {};
};

// The largest element of a row likewise: of two equal ones the later, of a NaN and a number the later.
class LaneMaxRef {
 public:
  void add(int64_t j, float x) { partial_[j % 16] = partial_[j % 16] > x ? partial_[j % 16] : x; }
  float total() const;

 private:
  static constexpr float kLowest = -std::numeric_limits<float>::infinity();
  float partial_[16] = {kLowest, kLowest, kLowest, kLowest, kLowest, kLowest, kLowest, kLowest,
                        kLowest, kLowest, kLowest, kLowest, kLowest, kLowest, kLowest, kLowest};
};

}  // namespace lockstep::kernels::cpu
