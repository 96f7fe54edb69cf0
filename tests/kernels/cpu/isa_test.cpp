// SPDX-License-Identifier: Apache-2.0
// The choice of an instruction set, and the floating-point mode of the kernels.
#include "kernels/cpu/isa.h"

#include <limits>

#include "tests/support/errors.h"

namespace lockstep::test {

using kernels::cpu::Isa;

TEST_CASE("isa: every set up to the best one is found by its name, and no name means the best") {
  for (int i = 0; i <= static_cast<int>(kernels::cpu::best_isa()); ++i)
    CHECK(kernels::cpu::isa_of(kernels::cpu::isa_name(static_cast<Isa>(i))) == static_cast<Isa>(i));
  CHECK(kernels::cpu::isa_of("") == kernels::cpu::best_isa());
}

TEST_CASE("isa: a name that nobody knows is refused with the names that exist") {
  check_error([] { kernels::cpu::isa_of("avx10"); }, "unknown instruction set \"avx10\"", "LOCKSTEP_ISA",
              "scalar, avx2, avx512f or avx512bf16");
}

TEST_CASE("isa: a set that the processor does not run is refused with the best one that it runs") {
  for (int i = static_cast<int>(kernels::cpu::best_isa()) + 1; i < 4; ++i)
    check_error([&] { kernels::cpu::isa_of(kernels::cpu::isa_name(static_cast<Isa>(i))); }, "its best is ", "LOCKSTEP_ISA", "unset");
}

TEST_CASE("isa: the kernels' mode flushes denormal operands and results, and ends with its scope") {
  volatile float smallest = std::numeric_limits<float>::min(), denormal = std::numeric_limits<float>::denorm_min();
  {
    const kernels::cpu::FloatMode mode;
    const volatile float half = smallest * 0.5f, sum = denormal + denormal;
    CHECK(half == 0.0f);
    CHECK(sum == 0.0f);
  }
  const volatile float half = smallest * 0.5f;
  CHECK(half > 0.0f);
}

}  // namespace lockstep::test
