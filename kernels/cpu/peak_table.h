// SPDX-License-Identifier: Apache-2.0
// The loops that measure what a core can do, of one instruction set.
#pragma once

#include <cstdint>

namespace lockstep::kernels::cpu {

struct PeakTable {
  float (*f32)(int64_t steps);  // a sum that nobody needs
  float (*bf16)(int64_t steps);
  float (*read)(const float* data, int64_t size);  // the sum of the data; size is a multiple of 64
  double f32_per_step, bf16_per_step;              // floating-point operations
};

namespace scalar {
extern const PeakTable peak_functions;
}
namespace avx2 {
extern const PeakTable peak_functions;
}
namespace avx512f {
extern const PeakTable peak_functions;
}
namespace avx512bf16 {
extern const PeakTable peak_functions;
}

}  // namespace lockstep::kernels::cpu
