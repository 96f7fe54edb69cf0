// SPDX-License-Identifier: Apache-2.0
// What the processor offers, what the environment asks for, and the floating-point mode.
#include "kernels/cpu/isa.h"

#include <immintrin.h>

#include <array>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"

namespace lockstep::kernels::cpu {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"scalar", "avx2", "avx512f", "avx512bf16"};
constexpr unsigned kMode = 0x9fc0;  // MXCSR: FTZ, DAZ, all exceptions masked, nearest

}  // namespace

std::string_view isa_name(Isa isa) { return kNames[static_cast<size_t>(isa)]; }

Isa best_isa() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::scalar;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512dq"))
    return Isa::avx2;
  return __builtin_cpu_supports("avx512bf16") ? Isa::avx512bf16 : Isa::avx512f;
}

Isa isa_of(std::string_view name) {
  if (name.empty()) return best_isa();
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != name) continue;
    if (static_cast<Isa>(i) > best_isa())
      throw Error(cat("this processor does not run ", name, ", its best is ", isa_name(best_isa())), "LOCKSTEP_ISA",
                  "unset LOCKSTEP_ISA, or name an instruction set that `lockstep doctor` lists");
    return static_cast<Isa>(i);
  }
  throw Error(cat("unknown instruction set \"", name, "\""), "LOCKSTEP_ISA", "use scalar, avx2, avx512f or avx512bf16");
}

Isa isa() {
  static const Isa chosen = [] {
    const char* forced = std::getenv("LOCKSTEP_ISA");
    return isa_of(forced ? forced : "");
  }();
  return chosen;
}

FloatMode::FloatMode() : saved_(_mm_getcsr()) { _mm_setcsr(kMode); }
FloatMode::~FloatMode() { _mm_setcsr(saved_); }

}  // namespace lockstep::kernels::cpu
