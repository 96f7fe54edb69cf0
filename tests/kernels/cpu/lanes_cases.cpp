// SPDX-License-Identifier: Apache-2.0
// Picks the cases of one instruction set.
#include "tests/kernels/cpu/lanes_cases.h"

#include "kernels/cpu/dispatch.h"

namespace lockstep::kernels::cpu {
namespace scalar {
extern const test::LaneCases lane_cases;
}
namespace avx2 {
extern const test::LaneCases lane_cases;
}
namespace avx512f {
extern const test::LaneCases lane_cases;
}
namespace avx512bf16 {
extern const test::LaneCases lane_cases;
}
}  // namespace lockstep::kernels::cpu

namespace lockstep::kernels::cpu::test {

const LaneCases& lane_cases(Isa isa) {
  return table_of(isa, scalar::lane_cases, avx2::lane_cases, avx512f::lane_cases, avx512bf16::lane_cases);
}

}  // namespace lockstep::kernels::cpu::test
